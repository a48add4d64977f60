"""The configured classifier. Knows no Discord: serving scores needs none."""

from __future__ import annotations

from bot.app.settings import Settings
from bot.errors import OperatorError
from model.artefact import ArtefactError
from model.scorer import Scorer


def load_scorer(settings: Settings) -> Scorer:
    """Load the configured model and hold the thresholds against it.

    Raises ``OperatorError`` with the reason why the model or a threshold is refused.
    """
    try:
        scorer = Scorer.load(settings.model.folder)
    except ArtefactError as error:
        raise OperatorError(str(error)) from error
    settings.moderation.defaults(scorer.presets)
    return scorer
