"""Render the figures that a host needs as short Markdown tables, for docs/classifier.md."""

from __future__ import annotations

from typing import Any, Final

from model.classes import ALARMS
from model.evaluation.markdown import table

HARMFUL: Final = (
    (
        "an insult to somebody's face",
        "you're an idiot",
        "insult_direct_clean insult_direct_profane",
    ),
    ("an insult about somebody else", "jake is such an idiot", "insult_third_person"),
    ("a disguised insult", "ur such a m0r0n", "spelling_variation_insult"),
    (
        "a sarcastic insult",
        "wow einstein, did you figure that out all by yourself",
        "insult_sarcastic",
    ),
    ("a threat to somebody", "i will find you", "threat_first_person threat_second_person"),
    ("a threat to somebody else", "we're jumping marcus after class", "threat_third_person"),
    ("a threat to a group", "we are going to burn down that mosque", "threat_against_group"),
    ("a veiled threat", "nice house you got on maple street", "threat_veiled"),
    ("a disguised threat", "i w1ll k1ll y0u", "spelling_variation_threat"),
    ("telling somebody to hurt themselves", "go jump off a bridge", "self_harm_incitement"),
    ("a slur used as an attack", "", "slur_used_as_attack"),
    ("hate of a group, without a slur", "", "hate_without_slur_explicit"),
    ("excluding a group", "", "identity_exclusion"),
    ("comparing a group with animals or diseases", "", "dehumanising_comparison"),
    (
        "a stereotype in polite words",
        "with all respect, women are too emotional to lead",
        "negative_stereotype_polite",
    ),
    ("a hint at a stereotype", "he's mexican? ok i'll lock my car", "implicit_derogation"),
    ("profanity (class *offensive*)", "", "profanity_present"),
)
"""Kinds of harmful sentences: a description, an example, and their functions in the suite."""

HARMLESS: Final = (
    (
        "small talk, games, tech, sports, figures of speech",
        "just kill the process",
        "everyday_small_talk gaming_idiom technical_idiom sports_and_news figures_of_speech_violence",
    ),
    (
        "links, code, key mashing, other languages",
        "asdfgh",
        "urls_code_markdown key_mash_and_noise other_languages",
    ),
    ("teasing between friends", "haha you nerd, i missed you", "banter_between_friends_clean"),
    (
        "profanity that attacks nobody",
        "",
        "friendly_profanity profanity_at_objects profane_but_supportive_of_group",
    ),
    (
        "criticism, disagreement, frustration",
        "the second verse is weak",
        "criticism_of_work disagreement_heated_but_civil clean_frustration_no_profanity",
    ),
    (
        "an insult to a thing",
        "this game is garbage",
        "insult_at_objects hate_at_non_protected_target",
    ),
    (
        "words for groups of people",
        "my roommate is muslim",
        "identity_neutral identity_positive reclaimed_or_in_group",
    ),
    ("a word inside another word", "scunthorpe", "innocent_substring_or_homograph"),
    ("words about oneself", "i'm an idiot lol", "self_deprecation self_harm_worry"),
    ("talk about moderation", "please keep slurs out of usernames", "moderation_talk"),
    (
        "reporting hate or a threat",
        "he said he was going to kill me",
        "quoted_hate_reported threat_quoted_or_reported",
    ),
    ("reporting an insult", "he called me an idiot", "insult_quoted"),
    ("objecting to hate without quoting it", "that was antisemitic", "counter_speech_referring"),
    (
        "objecting to hate by quoting it",
        '"women can\'t aim" ok then explain our top fragger',
        "counter_speech_quoting",
    ),
    ("denying hate", "being gay isn't a disease", "negated_hate"),
)
"""Kinds of harmless sentences: a description, an example, and their functions in the suite."""


def host_tables(figures: dict[str, Any]) -> str:
    """Return three tables: the presets, and what is found and left alone at *balanced*."""
    header = ("preset", "false alarms in 1,000 messages", "wrong deletions in 10,000")
    rows = []
    for name, preset in figures["presets"].items():
        deletes = any(limits["delete"] is not None for limits in preset["thresholds"].values())
        rows.append(
            (
                name,
                f"{1_000 * preset['alert benign, all']:.1f}",
                f"{10_000 * preset['delete benign, all']:.0f}" if deletes else "deletes nothing",
                *(f"{preset[f'alert recall {harm}']:.0%}" for harm in ALARMS),
            )
        )
    functions = figures["functional"]["functions"]
    swearing = figures["presets"]["balanced"]["alert benign friendly profanity"]
    parts = (
        table((*header, *(f"{name} found" for name in ALARMS)), rows),
        f"Friendly chat with profanity raises more false alarms: *balanced* alerts on {swearing:.1%} of it.",
        table(("harmful sentence", "for example", "found"), _counted(HARMFUL, functions)),
        table(("harmless sentence", "for example", "left alone"), _counted(HARMLESS, functions)),
    )
    return "\n\n".join(parts) + "\n"


def _counted(
    kinds: tuple[tuple[str, str, str], ...], functions: dict[str, tuple[int, int]]
) -> list[tuple[str, ...]]:
    """Return a row for each kind, with how many of its cases passed, the best first."""
    rows = []
    for description, example, names in kinds:
        passed, cases = (sum(functions[name][at] for name in names.split()) for at in (0, 1))
        rows.append((passed / cases, (description, example, f"{passed} of {cases}")))
    return [row for _, row in sorted(rows, key=lambda pair: -pair[0])]
