"""Loads the configured classifier, without anything of Discord."""

from __future__ import annotations

from bot.app.settings import Settings
from bot.errors import OperatorError
from model.artefact import MANIFEST, ArtefactError
from model.classes import HARMS
from model.scorer import Scorer


def load_scorer(settings: Settings) -> Scorer:
    """Load the configured model and check the settings' thresholds against it.

    Raises ``OperatorError`` with the reason if the model or a threshold is invalid.
    """
    try:
        scorer = Scorer.load(settings.model.folder)
    except ArtefactError as error:
        raise OperatorError(str(error)) from error
    for preset in ("observe", "balanced", "strict"):
        if not set(HARMS) <= set(scorer.presets.get(preset, ())):
            raise OperatorError(
                f"{settings.model.folder / MANIFEST} has no thresholds for the preset {preset}. "
                "Restore it, or run `bellwether train`."
            )
    settings.moderation.defaults(scorer.presets)
    return scorer
