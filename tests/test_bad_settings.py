"""Every bad value of every setting is answered with its source, key, value, and what is allowed."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.app.settings import Settings, load
from bot.app.settings_errors import keys
from bot.errors import OperatorError

TEXT = "text in quotes"
PATH = "a path, as text in quotes"
THRESHOLD = 'a number from 0 to 1, "off" or "preset"'
LEVELS = '"DEBUG", "INFO", "WARNING" or "ERROR"'


def whole(least: int, most: int) -> str:
    return f"a whole number from {least} to {most}"


NO_NUMBER = ['"many"', "true", "[]", "{}", "nan", "inf", '""']
NO_TEXT = ["5", "true", "[]", "{}"]
NO_CHOICE = [*NO_TEXT, '""', '"banana"']
NO_THRESHOLD = ["80", "-0.1", "1.01", *NO_NUMBER, '"on"', "false", "1979-05-27"]

BAD = {
    "discord.token": (TEXT, NO_TEXT),
    "discord.api_base": (
        "an address with a host that begins with https:// or http://",
        [*NO_TEXT, '""', '"discord.com"', '"ftp://discord.com"', '"https://"', '"https://[x"'],
    ),
    "discord.gateway_url": (
        "an address with a host that begins with wss:// or ws://",
        [*NO_TEXT, '""', '"https://discord.com"', '"wss://x:99999"'],
    ),
    "storage.database": (PATH, [*NO_TEXT, '""']),
    "storage.key_file": (PATH, [*NO_TEXT, '""']),
    "storage.retention_days": (whole(1, 3650), ["0", "3651", "1.5", *NO_NUMBER]),
    "storage.erase_left_after_days": (whole(0, 365), ["-1", "366", "1.5", *NO_NUMBER]),
    "model.folder": (PATH, [*NO_TEXT, '""']),
    "moderation.mode": ('"observe" or "enforce"', NO_CHOICE),
    "moderation.preset": ('"observe", "balanced" or "strict"', NO_CHOICE),
    "moderation.timeout_minutes": (whole(1, 40320), ["0", "40321", "1.5", *NO_NUMBER]),
    **{
        f"moderation.{harm}.{kind}": (THRESHOLD, NO_THRESHOLD)
        for harm in ("hate", "insult", "threat", "offensive")
        for kind in ("alert", "delete", "timeout")
    },
    "pipeline.batch_size": (whole(1, 10000), ["0", "10001", "1.5", *NO_NUMBER]),
    "pipeline.queue_size": (whole(1, 1000000), ["0", "1000001", "1.5", *NO_NUMBER]),
    "pipeline.shutdown_seconds": ("a number from 0 to 600", ["-1", "601", *NO_NUMBER]),
    "catch_up.hours": ("a number from 0 to 336", ["-1", "336.5", *NO_NUMBER]),
    "catch_up.messages": (whole(0, 100000), ["-1", "100001", "1.5", *NO_NUMBER]),
    "http.enabled": ("true or false", ["5", '"maybe"', "[]", "{}", '""']),
    "http.host": (TEXT, [*NO_TEXT, '""']),
    "http.port": (whole(0, 65535), ["-1", "70000", "80.5", *NO_NUMBER]),
    "log.level": (LEVELS, NO_CHOICE),
    "log.format": ('"auto", "console" or "json"', NO_CHOICE),
}


def refusal(path: Path | None) -> str:
    with pytest.raises(OperatorError) as caught:
        load(path)
    return str(caught.value)


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "config.toml"
    path.write_text(text, encoding="utf-8")
    return path


def shown(value: str) -> str:
    value = "a table" if value == "{}" else value
    return "datetime.date(1979, 5, 27)" if value == "1979-05-27" else value


def test_every_setting_is_tried() -> None:
    assert sorted(BAD) == sorted(".".join(key) for key in keys(Settings))


@pytest.mark.parametrize("key", BAD)
def test_a_bad_value_in_the_file_is_answered_in_one_line(tmp_path: Path, key: str) -> None:
    allowed, values = BAD[key]
    table, _, name = key.rpartition(".")
    for value in values:
        path = written(tmp_path, f"[{table}]\n{name} = {value}\n")
        answer = "(hidden)" if key == "discord.token" else shown(value)
        assert refusal(path) == f"{path}: {key} = {answer} is not valid. Use {allowed}."


@pytest.mark.parametrize("key", BAD)
def test_a_bad_value_in_the_environment_names_the_variable(
    monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    allowed, values = BAD[key]
    variable = f"BELLWETHER_{key.replace('.', '__').upper()}"
    for value in (value.strip('"') for value in values):
        monkeypatch.setenv(variable, value)
        if "text" in allowed and value:
            load(None)  # any text is one
            continue
        if key == "http.enabled" and value == "true":
            continue
        said = f'{key} = "{value}" is not valid. Use {allowed}.'
        assert refusal(None) == f"the environment variable {variable}: {said}"


@pytest.mark.parametrize(
    "names",
    [
        ("bellwether_discord", "bellwether_discord__token"),
        ("bellwether_discord__token", "bellwether_discord__token__x"),
    ],
)
def test_secret_files_that_do_not_fit_each_other_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, names: tuple[str, str]
) -> None:
    monkeypatch.setenv("BELLWETHER_SECRETS_DIR", str(tmp_path))
    for name in names:
        (tmp_path / name).write_text("abc.secret.def")
    said = refusal(None)
    assert "does not fit the others" in said
    assert "abc.secret.def" not in said


def test_a_bad_value_in_a_secret_file_names_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BELLWETHER_SECRETS_DIR", str(tmp_path))
    secret = tmp_path / "bellwether_http__port"
    secret.write_text("many\n")
    said = f'http.port = "many" is not valid. Use {whole(0, 65535)}.'
    assert refusal(None) == f"the secret file {secret}: {said}"
    secret.write_bytes(b"\xff")
    assert refusal(None) == f"the secret file {secret} is not UTF-8 text. Save it as UTF-8."


def test_a_bad_port_of_the_platform_names_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "many")
    assert refusal(None).startswith('the environment variable PORT: http.port = "many" is not')


def test_several_bad_values_have_a_line_each(tmp_path: Path) -> None:
    said = refusal(written(tmp_path, "[http]\nport = -1\nhost = 5\n")).splitlines()
    assert said[0] == "2 settings cannot be used:"
    assert [line.split(": ")[1].split(" =")[0] for line in said[1:]] == ["http.host", "http.port"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[discord]\ntokn = 1", "discord.tokn is not a setting. Did you mean token?"),
        ("[moderation.hate]\nalerts = 1", "moderation.hate.alerts is not a setting. Did you mean"),
        ("[moderaton]\nmode = 1", "moderaton is not a setting. Did you mean moderation?"),
        (
            'token = "x"',
            "token is not a setting. Did you mean discord.token, in the table [discord]",
        ),
        (
            "[http]\ncolour = 1",
            "http.colour is not a setting. Known in [http]: enabled, host, port.",
        ),
        ("[zebra]\ncolour = 1", "zebra is not a setting. Known tables: discord, storage, model,"),
        ('[moderation]\nmode = "enforced"', 'Use "observe" or "enforce". Did you mean "enforce"?'),
        ('[log]\nlevel = "warn"', 'or "ERROR". Did you mean "WARNING"?'),
        (
            "[moderation]\nhate = 3",
            "moderation.hate = 3 is not valid. Use a table with the keys al",
        ),
        ('log = "json"', 'log = "json" is not valid. Use a table with the keys level, format.'),
    ],
)
def test_an_unknown_name_is_answered_with_what_is_meant(
    tmp_path: Path, text: str, said: str
) -> None:
    answer = refusal(written(tmp_path, text))
    assert said in answer
    assert "\n" not in answer


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"[http\nport = 1", "is not valid TOML at line 1, column 6: "),
        (b"[http]\n\nport = .8", "is not valid TOML at line 3, column 8: Invalid value."),
        (b"[discord]\ntoken = abc.secret.def", "is not valid TOML at line 2, column 9: Invalid"),
        (b'[discord]\ntoken = "abc.secret.def', "is not valid TOML at its end: "),
        (
            b"[http]\nport = 1\nport = 2\n",
            "is not valid TOML at line 3, column 9: Cannot overwrite",
        ),
        (b"[http]\n[http]", "is not valid TOML at line 2, column 6: Cannot declare"),
        ("[http]\nport = 1".encode("utf-16"), "is not UTF-8 text (byte 0). Save it as UTF-8."),
        (b"[http]\nhost = '\xff'", "is not UTF-8 text (byte 15). Save it as UTF-8."),
    ],
)
def test_a_file_that_is_not_toml_is_answered_with_the_line(
    tmp_path: Path, content: bytes, said: str
) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes(content)
    answer = refusal(path)
    assert answer.startswith(f"{path} {said}")
    assert "abc.secret" not in answer
    assert "\n" not in answer


def test_a_byte_order_mark_is_no_part_of_the_settings(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes(b"\xef\xbb\xbf[http]\nport = 1\n")
    assert load(path).http.port == 1


@pytest.mark.parametrize(
    ("variable", "said"),
    [
        ("BELLWETHER_TOKEN", "the environment variable BELLWETHER_TOKEN is not a setting."),
        ("BELLWETHER_DISCORD_TOKEN", "Did you mean BELLWETHER_DISCORD__TOKEN?"),
        ("BELLWETHER_DISCORD__TOKN", "discord.tokn is not a setting. Did you mean token?"),
        ("BELLWETHER_MODERATION__HATE__ALERTS", "moderation.hate.alerts is not a setting. Did you"),
        ("BELLWETHER_MODERATION", "names a whole section. Set its keys one by one, for example BE"),
        ("BELLWETHER_MODERATION__HATE", "set the keys of a section one by one"),
        ("BELLWETHER_SECRETS_DIR", "which is not a folder. Name a folder, or unset it."),
    ],
)
def test_a_variable_that_is_no_setting_is_refused(
    monkeypatch: pytest.MonkeyPatch, variable: str, said: str
) -> None:
    monkeypatch.setenv(variable, "abc.secret.def")
    answer = refusal(None)
    assert said in answer
    assert "\n" not in answer
    if variable != "BELLWETHER_SECRETS_DIR":
        assert "abc.secret.def" not in answer


@pytest.mark.parametrize(
    "text",
    [
        'discord = "abc.secret.def"',
        '[discord]\ntoken = ["abc.secret.def"]',
        '[discord.token]\nis = "abc.secret.def"',
        '[discord]\napi_base = "ftp://me:abc.secret.def@example.org"',
    ],
)
def test_a_secret_is_not_shown(tmp_path: Path, text: str) -> None:
    answer = refusal(written(tmp_path, text))
    assert "(hidden) is not valid" in answer
    assert "abc.secret" not in answer
