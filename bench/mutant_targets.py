"""The code that `make mutants` changes, and the tests that should notice."""

from __future__ import annotations

from typing import Final

TARGETS: Final[dict[str, tuple[str, str]]] = {
    "policy": ("bot/policy", "policy_rules policy_figures policy reach"),
    "judging": ("bot/judging", "queue_rules judging_rules judging pipeline"),
    "enforcement": (
        "bot/enforcement",
        "enforcement_rules recovery_rules dispatching_rules grouping dispatcher",
    ),
    "intake": ("bot/intake", "intake_rules catch_up_rules gaps"),
    "desk": ("bot/desk", "desk_record desk_rules desk_evidence desk_members desk_settings desk"),
    "store": ("bot/store", "store_rules erasing_rules keeping_rules migration_rules keeping store"),
    "normaliser": ("model/normalise.py", "normaliser_rules normalise"),
}
"""For each target, its code and its quick tests, in the order they run."""
