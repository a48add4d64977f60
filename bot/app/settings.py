"""The host's settings: environment over secret files over config.toml over defaults."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
)
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)
from yarl import URL

from bot.app.settings_errors import (
    check_names,
    explain,
    in_lines,
    section_set_as_a_whole,
    source_of,
)
from bot.app.settings_sources import PREFIX, secrets_folder, table_from, values_from_secrets
from bot.domain import Mode
from bot.errors import OperatorError
from bot.policy.entries import Defaults
from bot.policy.rules import DEFAULT_MINUTES
from bot.policy.thresholds import LONGEST_TIMEOUT, SettingError, Thresholds
from bot.ui.words import words_for
from model.artefact import PACKAGED, Presets
from model.classes import HARMS


class Address:
    """Marks a setting that must be an address with one of these schemes."""

    def __init__(self, *schemes: str) -> None:
        self.schemes = schemes

    def check(self, value: str) -> str:
        """Return the address without a trailing slash. Raises ``ValueError`` if it is not one."""
        url = URL(value)
        if url.scheme not in self.schemes or not url.host:
            raise ValueError
        return value.rstrip("/")


HTTP, GATEWAY = Address("https", "http"), Address("wss", "ws")


def _no_bool(value: object) -> object:
    """Reject true and false, which Python would accept as 1 and 0."""
    if isinstance(value, bool):
        raise ValueError  # noqa: TRY004 - pydantic reports this one
    return value


def _no_empty(value: object) -> object:
    """Reject an empty text, which as a path is the working directory, and as a host any address."""
    if value == "":
        raise ValueError
    return value


Whole = Annotated[int, BeforeValidator(_no_bool)]
Number = Annotated[float, BeforeValidator(_no_bool)]
FilePath = Annotated[Path, BeforeValidator(_no_empty)]


class Section(BaseModel):
    """One table of the file. Unknown keys are errors, so that no misspelt setting is ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Discord(Section):
    """How to reach Discord."""

    token: SecretStr = SecretStr("")
    api_base: Annotated[str, AfterValidator(HTTP.check), HTTP] = "https://discord.com/api/v10"
    gateway_url: Annotated[str, AfterValidator(GATEWAY.check), GATEWAY] = "wss://gateway.discord.gg"


class Storage(Section):
    """Where scores, actions and server settings are kept."""

    database: FilePath = Path("data/bellwether.sqlite3")
    key_file: FilePath | None = None
    retention_days: Annotated[Whole, Field(ge=1, le=3_650)] = 90
    erase_left_after_days: Annotated[Whole, Field(ge=0, le=365)] = 7


class Model(Section):
    """Which classifier scores."""

    folder: FilePath = PACKAGED


Threshold = Annotated[Number, Field(ge=0, le=1)] | Literal["off", "preset"]


class ClassThresholds(Section):
    """The default thresholds of one class: 0 to 1, "off", or the preset's own."""

    alert: Threshold = "preset"
    delete: Threshold = "preset"
    timeout: Threshold = "off"

    def over(self, preset: Mapping[str, float | None]) -> Thresholds:
        """Return a preset's thresholds with these on top. Raises ``SettingError``."""
        return Thresholds(
            alert=_chosen(self.alert, preset["alert"]),
            delete=_chosen(self.delete, preset["delete"]),
            # No preset times anybody out, because one message says too little about its author.
            timeout=_chosen(self.timeout, preset.get("timeout")),
        )


def _chosen(value: float | str, preset: float | None) -> float | None:
    if isinstance(value, str):
        return preset if value == "preset" else None
    return value


class Moderation(Section):
    """The defaults for servers that have not chosen their own settings."""

    mode: Literal["observe", "enforce"] = "observe"
    preset: Literal["observe", "balanced", "strict"] = "balanced"
    timeout_minutes: Annotated[Whole, Field(ge=1, le=LONGEST_TIMEOUT)] = DEFAULT_MINUTES
    hate: ClassThresholds = ClassThresholds()
    insult: ClassThresholds = ClassThresholds()
    threat: ClassThresholds = ClassThresholds()
    offensive: ClassThresholds = ClassThresholds()

    def defaults(self, presets: Presets) -> Defaults:
        """Return the defaults of a server that has set nothing, for each of a model's presets.

        Raises ``OperatorError`` if a threshold contradicts the chosen preset. If it contradicts
        another preset, which a server may choose, that preset's own thresholds are used.
        """
        found: dict[str, dict[str, Thresholds]] = {}
        for name, preset in presets.items():
            found[name] = {}
            for harm in HARMS:
                own: ClassThresholds = getattr(self, harm)
                try:
                    found[name][harm] = own.over(preset[harm])
                except SettingError as error:
                    if name == self.preset:
                        raise OperatorError(
                            f"[moderation.{harm}] contradicts the preset {self.preset!r}: "
                            f"{words_for('en').note(error.note)}"
                        ) from None
                    found[name][harm] = ClassThresholds().over(preset[harm])
        return Defaults(found, self.preset, Mode(self.mode), self.timeout_minutes)


class Pipeline(Section):
    """How messages are gathered for scoring."""

    batch_size: Annotated[Whole, Field(ge=1, le=10_000)] = 256
    queue_size: Annotated[Whole, Field(ge=1, le=1_000_000)] = 50_000
    shutdown_seconds: Annotated[Number, Field(ge=0, le=600)] = 8.0


class CatchUp(Section):
    """How far back the bot reads messages that it missed."""

    hours: Annotated[Number, Field(ge=0, le=24 * 14)] = 24.0
    messages: Annotated[Whole, Field(ge=0, le=100_000)] = 2_000


class Http(Section):
    """The HTTP interface: POST /predict, GET /healthz."""

    enabled: bool = False
    host: Annotated[str, BeforeValidator(_no_empty)] = "127.0.0.1"
    port: Annotated[Whole, Field(ge=0, le=65_535)] = 8080


class Log(Section):
    """What is logged to standard error, and how."""

    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    format: Literal["auto", "console", "json"] = "auto"


class Settings(BaseSettings):
    """All settings. Create them with ``load``, which explains every problem in plain words."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter="__",
        nested_model_default_partial_update=True,
        extra="forbid",
        frozen=True,
    )

    discord: Discord = Discord()
    storage: Storage = Storage()
    model: Model = Model()
    moderation: Moderation = Moderation()
    pipeline: Pipeline = Pipeline()
    catch_up: CatchUp = CatchUp()
    http: Http = Http()
    log: Log = Log()

    weaker: ClassVar[tuple[dict[str, Any], ...]] = ()
    """Values that the environment overrides, strongest first."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Return the sources, strongest first. One is $PORT, which hosting platforms set."""
        del dotenv_settings, file_secret_settings
        sources = [init_settings, env_settings]
        if port := os.environ.get("PORT"):
            sources.append(InitSettingsSource(settings_cls, {"http": {"port": port}}))
        return (*sources, *(InitSettingsSource(settings_cls, values) for values in cls.weaker))


def load(path: Path | None) -> Settings:
    """Read the settings, from ``path`` if one is given.

    Raises ``OperatorError`` naming the key, the value (never a secret's) and what is allowed.
    """
    table = table_from(path) if path is not None else {}
    check_names(Settings)
    folder = secrets_folder()

    class Sourced(Settings):
        weaker = (values_from_secrets(folder), table)

    try:
        settings = Sourced()
    except ValidationError as error:
        raise OperatorError(explain(error, Settings, path, folder)) from None
    except SettingsError as error:
        raise OperatorError(section_set_as_a_whole(error)) from None
    if wrong := list(_contradictions(settings.moderation, path, folder)):
        raise OperatorError(in_lines(wrong))
    return settings


def _contradictions(moderation: Moderation, path: Path | None, secrets: Path) -> Iterator[str]:
    """Yield what is wrong with thresholds that contradict each other, whatever the preset."""
    for harm in HARMS:
        own: ClassThresholds = getattr(moderation, harm)
        for action in ("delete", "timeout"):
            value = getattr(own, action)
            if isinstance(own.alert, str) or isinstance(value, str) or value >= own.alert:
                continue
            keys = [("moderation", harm, each) for each in (action, "alert")]
            sources = dict.fromkeys(source_of(key, path, secrets) for key in keys)
            yield (
                f"{' and '.join(sources)}: moderation.{harm}.{action} = {value:g} is below "
                f"moderation.{harm}.alert = {own.alert:g}. Set {action} to {own.alert:g} or more, "
                f"or alert to {value:g} or less."
            )


def require_token(settings: Settings) -> str:
    """Return the bot's token. Raises ``OperatorError`` if there is none."""
    token = settings.discord.token.get_secret_value()
    if not token:
        raise OperatorError(
            "no token. Set the environment variable BELLWETHER_DISCORD__TOKEN, or put the token "
            "into a secret file named bellwether_discord__token, or into [discord] token."
        )
    return token
