from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.utils import murmurhash3_32

from model import artefact, candidate, datasets, sources, tables
from model.cache import FEW_PAIRS, FEW_TOKENS
from model.classes import CLASSES, HARMS
from model.hashing import HashIndex, grams, murmur3
from model.keys import gram_keys
from model.lowered import Lowered
from model.normalise import MAX_CHARACTERS
from model.scorer import Scorer
from model.windows import LENGTH, MARGIN, windows

SCORER = Scorer.load()
FILLER = (
    "we played the new map for an hour yesterday and it was great fun until the rain came and we"
    " went home to cook something warm with my sister who is here for the week"
)


@given(st.text())
def test_any_text_is_scored(text: str) -> None:
    (scores,) = SCORER.score([text])
    assert tuple(scores) == CLASSES
    assert all(0 <= value <= 1 for value in scores.values())
    assert scores["neither"] == pytest.approx(1 - max(scores[harm] for harm in HARMS))


def random_texts(count: int) -> list[str]:
    """Chat-like texts of known and unknown words, signs, and characters from all of Unicode."""
    chance = np.random.default_rng(0)
    words = [row["text"] for row in tables.own_table("chat_texts.tsv")]
    signs = ["!!", "||", "**", "`", "1337", "@you", "<@1>", "https://a.b/c", "f*ck", "n o w", "\n"]
    texts = []
    for number in range(count):
        parts = [*chance.choice(words, 2), *chance.choice(signs, 3)]
        codes = chance.integers(1, 0x2FFFF, 6)
        parts.append("".join(chr(code) for code in codes))
        chance.shuffle(parts)
        texts.append(" ".join(parts)[: 20 + number % 300])
    return texts


def test_the_lowered_path_equals_scikit_learn() -> None:
    model, _ = artefact.load(artefact.PACKAGED)
    texts = ["", " ", "a", "\ud800", "word " * 3_000, *random_texts(3_000)]
    lowered = Lowered(model)
    expected = model.predict_proba(texts)
    np.testing.assert_allclose(lowered.predict_proba(texts), expected, atol=1e-6, rtol=0)
    # Once more, from memory, and one by one.
    np.testing.assert_allclose(lowered.predict_proba(texts), expected, atol=1e-6, rtol=0)
    alone = np.vstack([lowered.predict_proba([text]) for text in texts[:300]])
    np.testing.assert_allclose(alone, expected[:300], atol=1e-6, rtol=0)


def test_a_score_does_not_depend_on_what_was_learnt_beside_it() -> None:
    model, _ = artefact.load(artefact.PACKAGED)
    lowered = Lowered(model)
    texts = [
        "banana papa mama",
        "\u0431\u0430\u043d\u0430\u043d",
        "1 !! \U0001f525",
        *random_texts(300),
    ]
    together = lowered.decision_function(texts)
    assert lowered.cached["tokens"] > FEW_TOKENS
    assert lowered.cached["pairs"] > FEW_PAIRS
    for text, scores in zip(texts, together, strict=True):
        lowered.clear_cache()
        # Word by word, so that hardly anything is new when the text is read.
        for word in text.split():
            lowered.decision_function([word])
        # Equal to the last bit: one message cannot have two scores.
        assert lowered.decision_function([text]).tolist() == [scores.tolist()]


@given(st.binary(max_size=30), st.integers(0, 2**32 - 1))
def test_many_hashes_at_once_are_those_of_one_by_one(data: bytes, seed: int) -> None:
    spans = [(start, end) for start in range(len(data) + 1) for end in range(start, len(data) + 1)]
    starts, ends = np.array(spans).T
    expected = [murmurhash3_32(data[start:end], seed=seed, positive=True) for start, end in spans]
    assert murmur3(data, starts, ends - starts, seed).tolist() == expected


words = st.text(st.characters(codec="utf-8"), min_size=1, max_size=70) | st.text(
    "abn\u0431\U0001f525", min_size=1, max_size=30
)


@given(st.lists(words, max_size=9))
def test_n_grams_of_many_tokens_are_those_of_one_by_one(tokens: list[str]) -> None:
    found = grams(tokens)
    expected = [gram_keys(token) for token in tokens]
    assert found.counts.tolist() == [len(keys) for keys in expected]
    assert found.owners.tolist() == [
        owner for owner, keys in enumerate(expected) for _ in range(len(keys))
    ]
    assert found.keys.tolist() == [key for keys in expected for key in keys]


hashes = st.integers(0, 2**32 - 1) | st.integers(0, 20) | st.integers(2**32 - 20, 2**32 - 1)


@given(st.sets(hashes, max_size=50), st.lists(hashes, max_size=50))
def test_a_hash_is_found_in_its_row_or_not_at_all(known: set[int], asked: list[int]) -> None:
    rows = HashIndex(np.array(sorted(known), dtype=np.uint32))
    asked += known
    expected = [sorted(known).index(key) if key in known else len(known) for key in asked]
    assert rows.find(np.array(asked, dtype=np.uint32)).tolist() == expected
    assert [rows.find_one(key) for key in asked] == expected


@pytest.mark.parametrize("memory", ["tokens", "chunks", "pairs"])
def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch, memory: str) -> None:
    monkeypatch.setattr(f"model.lowered.CACHED_{memory.upper()}", 50)
    model, _ = artefact.load(artefact.PACKAGED)
    lowered = Lowered(model)
    texts = random_texts(400)
    most = 0
    scores = []
    for text in texts:
        scores.append(lowered.predict_proba([text]))
        most = max(most, lowered.cached[memory])
    assert 50 < most < 200
    np.testing.assert_allclose(np.vstack(scores), SCORER.probabilities(texts), atol=1e-9)


def test_scoring_nothing_gives_nothing() -> None:
    assert SCORER.score([]) == []


def test_only_the_beginning_of_a_very_long_text_counts() -> None:
    beginning = "word " * (MAX_CHARACTERS // 5)
    assert SCORER.score([beginning]) == SCORER.score([beginning + "idiot " * 100_000])


def test_an_explanation_adds_up_and_points_into_the_text() -> None:
    text = "well, y o u are a p4thetic idi0t, friend"
    words = SCORER.explain(text)
    assert [(word.start, word.end) for word in words] == sorted(
        (word.start, word.end) for word in words
    )
    strongest = max(words, key=lambda word: word.weights["insult"])
    assert text[strongest.start : strongest.end] in {"p4thetic", "idi0t,"}
    model, _ = artefact.load(artefact.PACKAGED)
    total = [sum(word.weights[harm] for word in words) for harm in HARMS]
    score = model.decision_function([text])[0]
    np.testing.assert_allclose(total + model.named_steps["heads"].intercept_, score, atol=1e-9)


def test_a_long_text_is_explained_by_the_passage_that_decided() -> None:
    text = f"{FILLER} you are a pathetic idiot and nobody likes you {FILLER}"
    words = SCORER.explain(text)
    weighed = [word for word in words if word.weights["insult"]]
    assert 0 < len(weighed) <= LENGTH
    assert "idiot" in {text[word.start : word.end] for word in weighed}
    # Each head may have had another passage, and none at all.
    insult = HARMS.index("insult")
    model, _ = artefact.load(artefact.PACKAGED)
    score = model.decision_function([text])[0, insult]
    total = sum(word.weights["insult"] for word in words)
    intercept = model.named_steps["heads"].intercept_[insult]
    assert total + intercept - MARGIN == pytest.approx(score, abs=1e-5)


@pytest.mark.parametrize("around", [10, 40, 200])
def test_harmless_words_around_it_do_not_hide_an_insult(around: int) -> None:
    filler = " ".join((FILLER * 9).split()[:around])
    insult = "you are a pathetic idiot and nobody likes you"
    (alone, hidden, harmless) = SCORER.score([insult, f"{filler} {insult} {filler}", filler])
    assert alone["insult"] > 0.8
    assert hidden["insult"] > 0.5
    assert harmless["insult"] < 0.1


@given(st.integers(0, 500))
def test_every_token_is_in_a_passage(tokens: int) -> None:
    ranges = windows(tokens)
    assert all(end - start == LENGTH and 0 <= start <= end <= tokens for start, end in ranges)
    covered = {place for start, end in ranges for place in range(start, end)}
    assert covered == (set(range(tokens)) if tokens > LENGTH else set())


def test_a_text_that_is_hard_to_compare_is_explained_as_a_whole() -> None:
    """From the first word on that was joined out of others; those before it have their places."""
    spelt_out = "i d i o t die die die "
    short = SCORER.explain(f"well {spelt_out}")
    assert [(word.start, word.end) for word in short] == [
        (0, 4),
        (5, 14),
        (15, 18),
        (19, 22),
        (23, 26),
    ]
    long = SCORER.explain(f"well {spelt_out * 330}")
    assert [(word.start, word.end) for word in long] == [(0, 4), (5, 4 + len(spelt_out) * 330)]
    assert long[1].weights["insult"] > 0


@given(st.text(max_size=200))
def test_any_text_can_be_explained(text: str) -> None:
    for word in SCORER.explain(text):
        assert 0 <= word.start < word.end <= len(text)


def test_a_manifest_that_does_not_parse_is_refused(tmp_path: Path) -> None:
    folder = changed(tmp_path)
    (folder / artefact.MANIFEST).write_text("{}")
    with pytest.raises(artefact.ArtefactError, match="not a valid manifest"):
        Scorer.load(folder)


def test_an_artefact_with_other_classes_is_refused(tmp_path: Path) -> None:
    folder = changed(tmp_path, classes=["spam", "ham"])
    with pytest.raises(artefact.ArtefactError, match="has the classes spam, ham"):
        Scorer.load(folder)


def test_an_artefact_that_scores_differently_is_refused(tmp_path: Path) -> None:
    folder = changed(tmp_path, golden={"hello": dict.fromkeys(CLASSES, 0.123)})
    with pytest.raises(artefact.ArtefactError, match="no longer scores its golden texts"):
        Scorer.load(folder)


def changed(tmp_path: Path, **fields: object) -> Path:
    folder = tmp_path / "m"
    shutil.copytree(artefact.PACKAGED, folder)
    path = folder / artefact.MANIFEST
    path.write_text(json.dumps(json.loads(path.read_text()) | fields))
    return folder


def test_the_packaged_artefact_passes_its_own_gates(tmp_path: Path) -> None:
    manifest = artefact.read_manifest(artefact.PACKAGED)
    golden = {text: [row[name] for name in CLASSES] for text, row in manifest.golden.items()}
    assert candidate.failed_gates(tmp_path, manifest.metrics, golden, manifest.presets) == []
    assert (
        candidate.failed_gates(artefact.PACKAGED, manifest.metrics, golden, manifest.presets) == []
    )
    worse = manifest.metrics | {"hate average_precision": 0.0, "alert benign, all": 0.5}
    failures = candidate.failed_gates(artefact.PACKAGED, worse, golden, manifest.presets)
    assert len(failures) == 2
    silent = dict.fromkeys(golden, [0.0] * len(CLASSES))
    assert candidate.failed_gates(tmp_path, manifest.metrics, silent, manifest.presets)


def test_the_packaged_artefact_was_trained_on_the_texts_that_are_here() -> None:
    assert artefact.read_manifest(artefact.PACKAGED).data == candidate.data_hashes()


def test_a_run_is_recorded_also_in_mlflow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mlflow = pytest.importorskip("mlflow")
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", (tmp_path / "mlruns").as_uri())
    mlflow.set_tracking_uri((tmp_path / "mlruns").as_uri())
    manifest = artefact.read_manifest(artefact.PACKAGED)
    path = candidate.record(tmp_path / "runs", manifest, ["a gate"])
    document = json.loads(path.read_text())
    assert document["failed_gates"] == ["a gate"]
    assert document["data"] == manifest.data
    (run,) = mlflow.search_runs(experiment_names=["bellwether"], output_format="list")
    assert run.data.metrics["hate auc"] == manifest.metrics["hate auc"]


def test_data_that_is_not_the_registered_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(datasets.DatasetError, match="does not exist"):
        sources.load("davidson", tmp_path)
    (path,) = (tmp_path / name for name in datasets.REGISTRY["davidson"].files)
    path.parent.mkdir()
    path.write_text("class,tweet\n0,hello\n")
    with pytest.raises(datasets.DatasetError, match="has SHA-256"):
        sources.load("davidson", tmp_path)
    with pytest.raises(datasets.DatasetError, match="cannot be downloaded"):
        sources.load("irc_ubuntu", None)


def test_every_registered_file_has_an_address_or_a_note() -> None:
    for dataset in datasets.REGISTRY.values():
        assert bool(dataset.remote) != bool(dataset.note)
        for path, digest in dataset.files.items():
            assert len(digest) == 64
            url = dataset.url(path)
            assert url is None or dataset.commit in url


def test_near_duplicates_share_a_key() -> None:
    key = sources.near_duplicate_key
    assert key("RT @one: Hello, World! https://t.co/x") == key("hello world")
    assert key("hello world") != key("hello there world")


def test_own_texts_are_labelled_by_the_rules() -> None:
    rows = sources.load("texts", None)
    assert len(rows) > 5_000
    assert all(set(row.labels) == set(HARMS) for row in rows)
    held = sum(row.held_out for row in rows) / len(rows)
    assert 0.3 < held < 0.37
    texts = {row.text.lower() for row in rows}
    assert len(texts) == len(rows)
    functional = {row["text"].lower() for row in tables.own_table("functional.tsv")}
    assert not texts & functional


def test_the_card_and_the_manifest_belong_together() -> None:
    manifest = artefact.read_manifest(artefact.PACKAGED)
    card = (artefact.PACKAGED / artefact.CARD).read_text(encoding="utf-8")
    assert f"`{manifest.version}`" in card
    for dataset in datasets.REGISTRY.values():
        assert dataset.citation in card
        assert dataset.licence in card
