"""The registry of training data: where each file comes from, its licence and its SHA-256."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pooch


class DatasetError(Exception):
    """A data file is missing, differs from the registered one, or does not parse."""


@dataclass(frozen=True, slots=True)
class Dataset:
    """A public dataset: its files, their hashes, and where they are published.

    ``files`` maps a path below the data folder to the SHA-256 of its bytes. ``commit`` and
    ``remote`` locate each file in ``repository``. A dataset without them cannot be downloaded: the
    registered file was made from the published one (a sample, a subset, another format), as
    ``note`` says, and must be in a local folder.
    """

    name: str
    citation: str
    licence: str
    repository: str
    files: dict[str, str]
    commit: str = ""
    remote: tuple[str, ...] = ()
    note: str = ""

    def url(self, path: str) -> str | None:
        """Return the URL of a file, or ``None`` if it cannot be downloaded."""
        if not self.remote:
            return None
        place = dict(zip(self.files, self.remote, strict=True))[path].replace(" ", "%20")
        return f"https://raw.githubusercontent.com/{self.repository}/{self.commit}/{place}"


REGISTRY: Final = {
    dataset.name: dataset
    for dataset in (
        Dataset(
            "davidson",
            "Davidson, Warmsley, Macy, Weber: Automated Hate Speech Detection and the Problem of "
            "Offensive Language (ICWSM 2017)",
            "MIT",
            "t-davidson/hate-speech-and-offensive-language",
            {
                "davidson/labeled_data.csv": "fcb8bc7c68120ae4af04a5b9acd58585513ede11e1548ebf36a5c2040b6f6281"
            },
            "cb50f7e9eb855a99abc51423bf40df0e26d6fe30",
            ("data/labeled_data.csv",),
        ),
        Dataset(
            "dghs",
            "Vidgen, Thrush, Waseem, Kiela: Learning from the Worst (ACL 2021), v0.2.3",
            "CC-BY-4.0 as its authors publish it elsewhere; none stated in the repository",
            "bvidgen/Dynamically-Generated-Hate-Speech-Dataset",
            {"dghs/dghs.csv": "4f5e42d69d96274ef4af72b03962d9f2c618c47e851cbf808fae14739d7a976c"},
            note="text and label only, without texts that are also in published test suites",
        ),
        Dataset(
            "hatexplain",
            "Mathew, Saha, Yimam, Biemann, Goyal, Mukherjee: HateXplain (AAAI 2021)",
            "MIT",
            "netGed/WebScience24",
            {
                "hatexplain/final_hateXplain.csv": "afc47f700884bd60de17f9a3040361aade493e0aec0d97bd0ba73a446ab0a0bf"
            },
            "b797937707709810f44420bf146c64e0699d5153",
            ("src/1. Explorative Analysis & Preprocessing/nasiba/data/final_hateXplain.csv",),
        ),
        Dataset(
            "edos",
            "Kirk, Yin, Vidgen, Röttger: SemEval-2023 Task 10, Explainable Detection of Online "
            "Sexism",
            "CC0-1.0",
            "rewire-online/edos",
            {
                "edos/edos_labelled_aggregated.csv": "607bdbb766e1803a28f0eb8fc21c14b6b9dfa20039f726ba6767438584b47f9b"
            },
            "b1f1fbcca9d42de0395432ada8fcfb5c35f68c77",
            ("data/edos_labelled_aggregated.csv",),
        ),
        Dataset(
            "hatemoji",
            "Kirk, Vidgen, Röttger, Thrush, Hale: Hatemoji (NAACL 2022), HatemojiBuild",
            "CC-BY-4.0",
            "HannahKirk/Hatemoji",
            {
                "hatemoji/train.csv": "2255818a5b10153876320068451be582ed876a2eefb22a250bd2f6478d1815e5",
                "hatemoji/validation.csv": "721094d44fceb923a0b3897935126a654bbb1f092b1fed6a74d80e4a845c6f43",
                "hatemoji/test.csv": "4b067b445c6445dbd4036d7c75dde21f72928bfd31db63d1c53d66226c53be99",
            },
            "a626f63216158748d072e581efc00267031f4404",
            (
                "HatemojiBuild/train.csv",
                "HatemojiBuild/validation.csv",
                "HatemojiBuild/test.csv",
            ),
        ),
        Dataset(
            "implicit_hate",
            "ElSherief et al.: Latent Hatred, A Benchmark for Understanding Implicit Hate Speech "
            "(EMNLP 2021)",
            "MIT",
            "aspenywang/Implicit-Hate",
            {
                "implicit_hate/implicit_hate_v1_stg1_posts.tsv": "c52a438ecfadf682b27779b407960d2fc3bb22f005dde3ebe0fe2eb694ca365e"
            },
            "728402165565a00ced05e9509f24b25e2856d0ac",
            ("implicit-hate-corpus/implicit_hate_v1_stg1_posts.tsv",),
        ),
        Dataset(
            "toxic_spans",
            "Pavlopoulos, Laugier, Xenos, Sorensen, Androutsopoulos: From the Detection of Toxic "
            "Spans to Toxic-to-Civil Transfer (ACL 2022)",
            "CC0-1.0",
            "ipavlopoulos/toxic_spans",
            {
                "toxic_spans/comments.csv": "76cd6ebd10a890d269c0a7e5e451f3da12375219906f314fd9cfb1e18b1a905f",
                "toxic_spans/annotations.csv": "f67725aa9de73cd4ef9050222f6ae985ef0e33e8da89cb8137ffeb9a1d0fc32b",
                "toxic_spans/spans.csv": "389c6964db5d96d79ecfe038aa4ffe04abafd64b6d6427fbad4ec7fb2c7672aa",
            },
            "beaf170538df8275c3447b2e26070f2f82e55272",
            ("data/comments.csv", "data/annotations.csv", "data/spans.csv"),
        ),
        Dataset(
            "threatgram101",
            "ThreatGram 101, Telegram channels on US politics",
            "CC-BY-4.0 as its mirror states",
            "CatGamer7/Telegram-threats",
            {
                "threatgram101/threatgram101.csv": "9d648125d693f949c619ccbf302981ec03ec94edf33668ae517e33c042317f5a"
            },
            note="Labeled_15076.json as CSV, exact repeats dropped, a subset of its channels",
        ),
        Dataset(
            "gab_hate_corpus",
            "Kennedy et al.: Introducing the Gab Hate Corpus (Language Resources and Evaluation "
            "2022)",
            "CC-BY-4.0 as its authors publish it",
            "liuchaoqun/hate-speech-datasets",
            {
                "gab_hate_corpus/ghc_train.tsv": "c82a27336560d3a6822a4cc3f92856481af5fd63aa2ce8d0ca644d440d351d43",
                "gab_hate_corpus/ghc_test.tsv": "0c64ffe8d7e4e72303f9d33723f5750aa852223bc32554b529afba3a6efb1ddc",
            },
            "98f3ee8104cf87bb91ed3e64c31a3097b9f8de84",
            ("GabHateCorpus/Data/ghc_train.tsv", "GabHateCorpus/Data/ghc_test.tsv"),
        ),
        Dataset(
            "cad",
            "Vidgen et al.: Introducing CAD, the Contextual Abuse Dataset (NAACL 2021)",
            "CC-BY-4.0 as its authors publish it",
            "NoamElul/cis-5300-final",
            {
                "cad/cad_v1_1_train.tsv": "139b4d21be0f6b6c372dbfc8015eb18753e11025e3251f92eebd2ffb9d27fe17",
                "cad/cad_v1_1_dev.tsv": "71f84da6ed1d52ec0e8e478e5428167c86bbb3686c34a54b81c222185ff7ec59",
                "cad/cad_v1_1_test.tsv": "191113e50174b21fe30497e42028f3539e7efb1825b05df0f2ca3854985250e4",
            },
            "3c569a14950d76b911d6444953a3d617d99f60cd",
            (
                "data/reddit-abusive-comments/cad_v1_1_train.tsv",
                "data/reddit-abusive-comments/cad_v1_1_dev.tsv",
                "data/reddit-abusive-comments/cad_v1_1_test.tsv",
            ),
        ),
        Dataset(
            "conda",
            "Weld et al.: CONDA, a CONtextual Dual-Annotated dataset for in-game toxicity "
            "(Findings of ACL 2021), training part",
            "AFL-3.0 as its authors state",
            "usydnlp/CONDA",
            {
                "conda/CONDA_train.csv": "fe7b18d19deae8c5a465163247dc929baea643f381e7f28596fec0b1559bddcd"
            },
            "3fb90675f881079c85c1de1f25df1bf8d521194f",
            ("data/CONDA_train.csv",),
        ),
        Dataset(
            "goemotions",
            "Demszky et al.: GoEmotions, A Dataset of Fine-Grained Emotions (ACL 2020)",
            "Apache-2.0",
            "monologg/GoEmotions-pytorch",
            {
                "goemotions/train.tsv": "1c254a142be5c00e80d819b9ae1bbd36d94b2eeb8f4b1271846508d57e57d9c5",
                "goemotions/dev.tsv": "575489c079c9de1097062a01738f998590d6b7ead66dd1c9fd1d2ba01fd8bc62",
                "goemotions/test.tsv": "0587b2dd8b27b97352adbfc3fb083d46005c8946657fdc2b1ca8b1cc7f1f8be4",
                "goemotions/labels.txt": "45c3ef86782d2a4d7fedcd6d8c111aa0d0e94720689bd164fac94fefb4495a89",
            },
            "b75f9d3a8b76bc1060687925b04ca98a1b8ea66b",
            (
                "data/original/train.tsv",
                "data/original/dev.tsv",
                "data/original/test.tsv",
                "data/original/labels.txt",
            ),
        ),
        Dataset(
            "irc_ubuntu",
            "Kummerfeld et al.: A Large-Scale Corpus for Conversation Disentanglement (ACL 2019)",
            "CC-BY-4.0",
            "jkkummerfeld/irc-disentanglement",
            {
                "irc_ubuntu/irc_messages.txt": "9583d9bbdccf1db49cbf0637f42b93a2aecdf029ac260663f2c721e1d94e3a6d"
            },
            note="message text of data/*/*.raw.txt, deduplicated, 60,000 drawn at random",
        ),
        Dataset(
            "sms_spam",
            "Almeida, Hidalgo, Yamakami: Contributions to the Study of SMS Spam Filtering "
            "(DocEng 2011)",
            "CC-BY-4.0 as UCI publishes it",
            "KulkarniPradyumna/SMS-Spam-Classifier",
            {
                "sms_spam/SMSSpamCollection": "1093dd5fbe517709153ef79541e54b0186315b42e7978383928a4ae5d8222ff6"
            },
            "ce88b5558d8d128b5728eb982af40c64f44cec74",
            ("data/SMSSpamCollection",),
        ),
        Dataset(
            "ldnoobw",
            "List of Dirty, Naughty, Obscene, and Otherwise Bad Words (English)",
            "CC-BY-4.0",
            "LDNOOBW/List-of-Dirty-Naughty-Obscene-and-Otherwise-Bad-Words",
            {"ldnoobw/en": "af851ecef1d5f212caba17339b12ac39cc2fef7d78c74876f67237644fcee8bd"},
            "5faf2ba42d7b1c0977169ec3611df25a3c08eb13",
            ("en",),
        ),
    )
}


def check(names: Iterable[str], data_dir: Path | None) -> None:
    """Raise ``DatasetError`` if a file of these datasets is missing and cannot be downloaded."""
    for name in names:
        dataset = REGISTRY[name]
        for path in dataset.files:
            if data_dir is not None and not (data_dir / path).is_file():
                raise DatasetError(
                    f"{data_dir / path} does not exist. model/datasets.py says where to get it."
                )
            if data_dir is None and dataset.url(path) is None:
                raise DatasetError(
                    f"{path} cannot be downloaded. It was made from github.com/{dataset.repository} "
                    f"({dataset.note}). Pass --data-dir with a folder that has a copy."
                )


def locate(name: str, data_dir: Path | None) -> list[Path]:
    """Return the paths of a dataset's files, in the registry's order, with their hashes verified.

    With ``data_dir``, files are read from that folder only. Without it, they are downloaded once
    into the user's cache. Raises ``DatasetError`` if a file is missing or its SHA-256 differs.
    """
    check([name], data_dir)
    dataset = REGISTRY[name]
    return [_locate(dataset, path, data_dir) for path in dataset.files]


def _locate(dataset: Dataset, path: str, data_dir: Path | None) -> Path:
    url, digest = dataset.url(path), dataset.files[path]
    if data_dir is None:
        try:
            return Path(
                pooch.retrieve(
                    url,
                    known_hash=f"sha256:{digest}",
                    fname=path.replace("/", "-"),
                    path=pooch.os_cache("bellwether"),
                )
            )
        except (OSError, ValueError) as error:
            raise DatasetError(
                f"could not download {path} from {url} ({type(error).__name__}). "
                "Check the network, or pass --data-dir with a folder that has a copy."
            ) from error
    local = data_dir / path
    found = pooch.file_hash(str(local), alg="sha256")
    if found != digest:
        raise DatasetError(
            f"{local} has SHA-256 {found}, expected {digest}. Replace it with the registered file."
        )
    return local
