"""The operator's settings: environment over secret files over config.toml over defaults."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Final, Literal, cast

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
    NestedSecretsSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
    TomlConfigSettingsSource,
)
from yarl import URL

from bot.domain import Mode
from bot.errors import OperatorError
from bot.policy.entries import Defaults
from bot.policy.rules import DEFAULT_MINUTES
from bot.policy.thresholds import LONGEST_TIMEOUT, SettingError, Thresholds
from bot.ui.words import words_for
from model.artefact import PACKAGED, Presets
from model.classes import HARMS

PREFIX: Final = "BELLWETHER_"
SECRETS_DIR_VARIABLE: Final = "BELLWETHER_SECRETS_DIR"
DEFAULT_SECRETS_DIR: Final = Path("/run/secrets")


def _scheme(*allowed: str) -> AfterValidator:
    def check(value: str) -> str:
        url = URL(value)
        if url.scheme not in allowed or not url.host:
            raise ValueError(f"must be a {' or '.join(allowed)} address with a host")
        return value.rstrip("/")

    return AfterValidator(check)


class Section(BaseModel):
    """One table of the file. Unknown keys are errors: a misspelt setting must not pass."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Discord(Section):
    """How to reach Discord."""

    token: SecretStr = SecretStr("")
    api_base: Annotated[str, _scheme("http", "https")] = "https://discord.com/api/v10"
    gateway_url: Annotated[str, _scheme("ws", "wss")] = "wss://gateway.discord.gg"


class Storage(Section):
    """Where scores, actions and server settings are kept."""

    database: Path = Path("data/bellwether.sqlite3")
    key_file: Path | None = None
    retention_days: Annotated[int, Field(ge=1, le=3_650)] = 90
    erase_left_after_days: Annotated[int, Field(ge=0, le=365)] = 7


class Model(Section):
    """Which classifier scores."""

    folder: Path = PACKAGED


def _number(value: object) -> object:
    if isinstance(value, bool):
        raise ValueError("a number from 0 to 1 is meant, not true or false")  # noqa: TRY004
    return value


Threshold = Annotated[float, BeforeValidator(_number), Field(ge=0, le=1)] | Literal["off", "preset"]


class ClassThresholds(Section):
    """The default thresholds of one class: 0 to 1, "off", or what the preset says."""

    alert: Threshold = "preset"
    delete: Threshold = "preset"
    timeout: Threshold = "off"

    def over(self, preset: Mapping[str, float | None]) -> Thresholds:
        """Return these thresholds laid over a preset's; raises ``SettingError``."""
        return Thresholds(
            alert=_chosen(self.alert, preset["alert"]),
            delete=_chosen(self.delete, preset["delete"]),
            # No preset times anybody out: that a message is bad says too little about its author.
            timeout=_chosen(self.timeout, preset.get("timeout")),
        )


def _chosen(value: float | str, preset: float | None) -> float | None:
    if isinstance(value, str):
        return preset if value == "preset" else None
    return value


class Moderation(Section):
    """What is done about messages, until a server's own settings say otherwise."""

    mode: Literal["observe", "enforce"] = "observe"
    preset: Literal["observe", "balanced", "strict"] = "balanced"
    timeout_minutes: Annotated[int, Field(ge=1, le=LONGEST_TIMEOUT)] = DEFAULT_MINUTES
    hate: ClassThresholds = ClassThresholds()
    insult: ClassThresholds = ClassThresholds()
    threat: ClassThresholds = ClassThresholds()
    offensive: ClassThresholds = ClassThresholds()

    def defaults(self, presets: Presets) -> Defaults:
        """Return what a server has that never set anything, over each of a model's presets.

        Raises ``OperatorError`` for a pair that makes no sense over the chosen preset. Over
        another one, which a server may choose, such a pair gives way to that preset.
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
                            f"[moderation.{harm}], over the preset {self.preset!r}: "
                            f"{words_for('en').note(error.note)}"
                        ) from None
                    found[name][harm] = ClassThresholds().over(preset[harm])
        return Defaults(found, self.preset, Mode(self.mode), self.timeout_minutes)


class Pipeline(Section):
    """How messages are gathered for scoring."""

    batch_size: Annotated[int, Field(ge=1, le=10_000)] = 256
    queue_size: Annotated[int, Field(ge=1, le=1_000_000)] = 50_000
    shutdown_seconds: Annotated[float, Field(ge=0, le=600)] = 8.0


class CatchUp(Section):
    """How far back the bot reads what was written while it was away."""

    hours: Annotated[float, Field(ge=0, le=24 * 14)] = 24.0
    messages: Annotated[int, Field(ge=0, le=100_000)] = 2_000


class Http(Section):
    """The HTTP interface: POST /predict, GET /healthz."""

    enabled: bool = False
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65_535)] = 8080


class Log(Section):
    """What is logged, to standard error."""

    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    format: Literal["json", "console"] = "json"


class Settings(BaseSettings):
    """All settings. Build them with ``load``, which turns every problem into plain words."""

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

    secrets_dir: ClassVar[Path | None] = None

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Order the sources, strongest first; $PORT, which hosting platforms set, is one."""
        del dotenv_settings
        sources = [init_settings, env_settings]
        if port := os.environ.get("PORT"):
            sources.append(InitSettingsSource(settings_cls, {"http": {"port": port}}))
        if cls.secrets_dir is not None:
            sources.append(
                NestedSecretsSettingsSource(
                    file_secret_settings,
                    secrets_dir=cls.secrets_dir,
                    secrets_prefix=PREFIX,
                    secrets_nested_delimiter="__",
                    secrets_case_sensitive=False,
                )
            )
        return (*sources, TomlConfigSettingsSource(settings_cls))


def load(path: Path | None) -> Settings:
    """Read the settings, from ``path`` if one is given.

    Raises ``OperatorError`` naming the key, the value (never a secret's) and what is allowed.
    """
    if path is not None:
        _check_file(path)
    _check_environment()
    folder = os.environ.get(SECRETS_DIR_VARIABLE)
    if folder and not Path(folder).is_dir():
        raise OperatorError(f"{SECRETS_DIR_VARIABLE} is {folder}, which is not a folder.")
    chosen = Path(folder) if folder else DEFAULT_SECRETS_DIR

    class FromFile(Settings):
        model_config = SettingsConfigDict(toml_file=path)
        secrets_dir = chosen if _has_secrets(chosen) else None

    try:
        return FromFile()
    except ValidationError as error:
        raise OperatorError(_explain(error, path)) from None
    except SettingsError as error:
        # pydantic-settings names the field and its source, never the value.
        raise OperatorError(
            f"{error}: a section cannot be set as a whole; set its keys, for example "
            f"{PREFIX}DISCORD__TOKEN."
        ) from None


def require_token(settings: Settings) -> str:
    """Return the bot's token; raises ``OperatorError`` where there is none."""
    token = settings.discord.token.get_secret_value()
    if not token:
        raise OperatorError(
            "no token. Set the environment variable BELLWETHER_DISCORD__TOKEN, or put the token "
            "into a secret file named bellwether_discord__token, or into [discord] token."
        )
    return token


def _check_file(path: Path) -> None:
    try:
        tomllib.loads(path.read_bytes().decode("utf-8"))
    except OSError as error:
        raise OperatorError(
            f"cannot read {path}: {error.strerror}. Copy config.example.toml there and edit it, "
            "or name another file with --config."
        ) from None
    except UnicodeDecodeError as error:
        raise OperatorError(
            f"{path} is not UTF-8 text (byte {error.start}). Save it as UTF-8."
        ) from None
    except tomllib.TOMLDecodeError as error:
        raise OperatorError(f"{path} is not valid TOML: {error}.") from None


def _check_environment() -> None:
    known = {SECRETS_DIR_VARIABLE}
    sections = tuple(f"{PREFIX}{name.upper()}__" for name in Settings.model_fields)
    for variable in os.environ:
        name = variable.upper()
        if name.startswith(PREFIX) and name not in known and not name.startswith(sections):
            raise OperatorError(
                f"the environment variable {variable} is not a setting. Settings are written "
                f"{PREFIX}SECTION__KEY, for example {PREFIX}DISCORD__TOKEN; the sections are "
                f"{', '.join(Settings.model_fields)}."
            )


def _has_secrets(folder: Path) -> bool:
    return folder.is_dir() and any(
        entry.name.upper().startswith(PREFIX) for entry in folder.iterdir()
    )


def _explain(error: ValidationError, path: Path | None) -> str:
    lines = []
    for problem in error.errors(include_url=False, include_context=False):
        if problem["type"] == "literal_error" and isinstance(problem["input"], int | float):
            continue  # the complaint about the number says more
        key = ".".join(str(part) for part in problem["loc"] if part not in _UNION_BRANCHES)
        if problem["type"] == "extra_forbidden":
            lines.append(f"{key}: no such setting; {_known_keys(problem['loc'])}")
        else:
            # A token may have landed in the wrong place of its section.
            shown = "(hidden)" if problem["loc"][0] == "discord" else repr(problem["input"])
            message = problem["msg"].removeprefix("Value error, ")
            if problem["type"] == "model_type":
                message = "must be a table of settings"
            lines.append(f"{key} = {shown}: {message[0].lower()}{message[1:]}")
    source = f"{path}, the environment or a secret file" if path else "the environment"
    return f"The settings (from {source}) are not usable:\n" + "\n".join(
        f"  {line}" for line in dict.fromkeys(lines)
    )


# A value that may be a number or "off" is reported once for each of the two, under these names.
_UNION_BRANCHES: Final = ("float", "constrained-float", "literal['off','preset']")


def _known_keys(location: tuple[Any, ...]) -> str:
    where: type[BaseModel] = Settings
    for part in location[:-1]:
        where = cast("type[BaseModel]", where.model_fields[part].annotation)
    return f"known here: {', '.join(where.model_fields)}."
