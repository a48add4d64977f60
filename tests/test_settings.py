from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from pydantic import BaseModel

from bot.app.settings import Settings, load
from bot.errors import OperatorError
from bot.policy.thresholds import Thresholds
from model.artefact import Presets
from model.classes import HARMS

EXAMPLE = Path(__file__).parent.parent / "config.example.toml"


def keys(model: type[BaseModel] | BaseModel, prefix: str = "") -> list[str]:
    found: list[str] = []
    for name, info in type(model).model_fields.items():  # type: ignore[union-attr]
        value = getattr(model, name)
        if isinstance(value, BaseModel):
            found += keys(value, f"{prefix}{name}.")
        else:
            assert info is not None
            found.append(f"{prefix}{name}")
    return found


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "config.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_example_is_the_defaults() -> None:
    assert load(EXAMPLE).model_dump() == Settings().model_dump()


@pytest.mark.parametrize("key", keys(Settings()))
def test_every_setting_is_in_the_example_and_explained(key: str) -> None:
    *tables, name = key.split(".")
    lines = EXAMPLE.read_text(encoding="utf-8").splitlines()
    start = lines.index(f"[{'.'.join(tables)}]")
    found = next(
        index
        for index in range(start, len(lines))
        if lines[index].removeprefix("# ").startswith(f"{name} = ")
    )
    assert not any(line.startswith("[") for line in lines[start + 1 : found])
    assert lines[found - 1].startswith("# ")


def test_the_example_has_no_setting_that_does_not_exist() -> None:
    document = tomllib.loads(
        EXAMPLE.read_text(encoding="utf-8")
        .replace("# folder", "folder")
        .replace("# key_file", "key_file")
    )

    def walk(table: dict[str, object], prefix: str) -> list[str]:
        found = []
        for name, value in table.items():
            if isinstance(value, dict):
                found += walk(value, f"{prefix}{name}.")
            else:
                found.append(f"{prefix}{name}")
        return found

    assert sorted(walk(document, "")) == sorted(keys(Settings()))


def test_environment_over_secret_file_over_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path, '[http]\nhost = "a"\nport = 1\n[discord]\ntoken = "file"\n')
    assert load(path).discord.token.get_secret_value() == "file"

    secrets = tmp_path / "secrets"
    secrets.mkdir()
    (secrets / "bellwether_discord__token").write_text("secret\n")
    (secrets / "bellwether_http__host").write_text("b")
    monkeypatch.setenv("BELLWETHER_SECRETS_DIR", str(secrets))
    settings = load(path)
    assert settings.discord.token.get_secret_value() == "secret"
    assert (settings.http.host, settings.http.port) == ("b", 1)

    monkeypatch.setenv("BELLWETHER_HTTP__HOST", "c")
    assert load(path).http.host == "c"


def test_the_platforms_port_is_respected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path, "[http]\nport = 1\n")
    monkeypatch.setenv("PORT", "2")
    assert load(path).http.port == 2
    monkeypatch.setenv("BELLWETHER_HTTP__PORT", "3")
    assert load(path).http.port == 3


def preset(alert: float, delete: float | None) -> Presets:
    return {"balanced": {harm: {"alert": alert, "delete": delete} for harm in HARMS}}


def test_one_threshold_leaves_the_other_to_the_preset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BELLWETHER_MODERATION__HATE__DELETE", "0.99")
    monkeypatch.setenv("BELLWETHER_MODERATION__INSULT__ALERT", "off")
    thresholds = load(None).moderation.defaults(preset(0.5, 0.9)).presets["balanced"]
    assert thresholds["hate"] == Thresholds(0.5, 0.99)
    assert thresholds["insult"] == Thresholds(None, 0.9)
    assert thresholds["threat"] == Thresholds(0.5, 0.9)


def test_thresholds_of_the_host_that_contradict_each_other_are_named_with_their_file(
    tmp_path: Path,
) -> None:
    file = tmp_path / "config.toml"
    file.write_text("[moderation]\nhate.alert = 0.9\nhate.delete = 0.5\n")
    with pytest.raises(OperatorError) as refused:  # before the token, which is missing too
        load(file)
    assert str(refused.value) == (
        f"{file}: moderation.hate.delete = 0.5 is below moderation.hate.alert = 0.9. "
        "Set delete to 0.9 or more, or alert to 0.5 or less."
    )


def test_thresholds_that_contradict_each_other_are_named_with_both_their_sources(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "config.toml"
    file.write_text("[moderation.threat]\nalert = 0.9\n[moderation.insult]\nalert = 'off'\n")
    monkeypatch.setenv("BELLWETHER_MODERATION__THREAT__TIMEOUT", "0.5")
    monkeypatch.setenv("BELLWETHER_MODERATION__INSULT__DELETE", "0.5")
    with pytest.raises(OperatorError) as refused:
        load(file)
    assert str(refused.value).startswith(
        f"the environment variable BELLWETHER_MODERATION__THREAT__TIMEOUT and {file}: "
        "moderation.threat.timeout = 0.5 is below moderation.threat.alert = 0.9."
    )


def test_a_threshold_that_contradicts_the_preset_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("BELLWETHER_MODERATION__HATE__DELETE", "0.4")
    with pytest.raises(OperatorError, match=r"moderation.hate.*delete \(0.4\) would be below"):
        load(None).moderation.defaults(preset(0.5, 0.9))


def test_a_missing_file_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match=r"cannot read .*config\.example\.toml"):
        load(tmp_path / "absent.toml")


def test_a_folder_or_binary_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match="cannot read"):
        load(tmp_path)
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(OperatorError, match="not UTF-8"):
        load(tmp_path / "binary.toml")


def test_a_misspelt_variable_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BELLWETHER_TOKEN", "x")
    with pytest.raises(OperatorError, match="BELLWETHER_TOKEN is not a setting"):
        load(None)


@pytest.mark.parametrize("name", ["BELLWETHER_MODERATION", "BELLWETHER_MODERATION__HATE"])
def test_a_section_cannot_be_set_as_a_whole(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "off")
    with pytest.raises(OperatorError):
        load(None)


def test_a_token_in_the_wrong_place_is_not_shown_either(tmp_path: Path) -> None:
    with pytest.raises(OperatorError) as caught:
        load(written(tmp_path, 'discord = "abc.secret.def"'))
    assert "abc.secret.def" not in str(caught.value)


def test_a_token_is_never_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BELLWETHER_DISCORD__TOKEN", "abc.secret.def")
    assert "abc.secret.def" not in repr(load(None))
    monkeypatch.delenv("BELLWETHER_DISCORD__TOKEN")
    with pytest.raises(OperatorError) as caught:
        load(written(tmp_path, '[discord]\ntoken = ["abc.secret.def"]'))
    assert "abc.secret.def" not in str(caught.value)
