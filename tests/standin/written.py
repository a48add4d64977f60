"""The bot's messages: which ones Discord refuses, and how it stores the others."""

from __future__ import annotations

from itertools import count
from typing import Any

from tests.standin.http import Form, Refused, Upload, invalid

CONTENT_LENGTH, EMBEDS_LENGTH, NONCE_LENGTH = 2_000, 6_000, 25
EPHEMERAL, LOADING = 1 << 6, 1 << 7
SHOWN = ("content", "embeds", "components", "poll", "sticker_ids")
TEXTS = ("title", "description")


def check(form: Form) -> None:
    """Raise ``Refused`` if a message exceeds Discord's limits, including undocumented ones."""
    body = form.body
    if len(body.get("content") or "") > CONTENT_LENGTH:
        raise invalid("content: Must be 2000 or fewer in length.")
    if sum(map(_length, body.get("embeds") or ())) > EMBEDS_LENGTH:
        raise invalid("embeds: Embed size exceeds maximum size of 6000")
    if len(str(body.get("nonce") or "")) > NONCE_LENGTH:
        raise invalid("nonce: Must be 25 or fewer in length.")


def check_not_empty(form: Form) -> None:
    """Raise ``Refused`` for an empty message."""
    if not form.files and not any(form.body.get(name) for name in SHOWN):
        raise Refused(400, 50006, "Cannot send an empty message")


def _length(embed: dict[str, Any]) -> int:
    fields = embed.get("fields") or ()
    texts = [embed.get(name) for name in TEXTS]
    texts += [text for field in fields for text in (field.get("name"), field.get("value"))]
    texts += [(embed.get("footer") or {}).get("text"), (embed.get("author") or {}).get("name")]
    return sum(len(text or "") for text in texts)


def apply(message: dict[str, Any], form: Form) -> None:
    """Update a message from a request. Fields that the request leaves out stay unchanged."""
    body = form.body
    if "content" in body:
        message["content"] = body["content"] or ""
    if "embeds" in body:
        message["embeds"] = [_embed(embed) for embed in body["embeds"] or ()]
    if "components" in body:
        ids = count(1)
        message["components"] = [_component(item, ids) for item in body["components"] or ()]
    if body.get("nonce") is not None:
        message["nonce"] = body["nonce"]
    if "attachments" in body or form.files:
        named = {str(item["id"]): item for item in body.get("attachments") or ()}
        kept = [item for item in message["attachments"] if item["id"] in named]
        uploads = form.files.items()
        message["attachments"] = kept + [
            _attachment(message, index, upload, named.get(name[6:-1], {}))
            for index, (name, upload) in enumerate(uploads)
        ]
    message["flags"] |= (body.get("flags") or 0) & ~LOADING


def recorded(form: Form) -> dict[str, Any]:
    """Return a request's body for tests, with the names of its files."""
    if not form.files:
        return dict(form.body)
    return {**form.body, "files": [upload.filename for upload in form.files.values()]}


def _embed(embed: dict[str, Any]) -> dict[str, Any]:
    shown = {name: value for name, value in embed.items() if value is not None}
    shown["fields"] = [{"inline": False, **field} for field in shown.get("fields", ())]
    if not shown["fields"]:
        del shown["fields"]
    return {**shown, "type": "rich"}


def _component(item: dict[str, Any], ids: count[int]) -> dict[str, Any]:
    shown = {name: value for name, value in item.items() if value is not None}
    shown.setdefault("id", next(ids))
    if "components" in shown:
        shown["components"] = [_component(inner, ids) for inner in shown["components"]]
    return shown


def _attachment(
    message: dict[str, Any], index: int, upload: Upload, told: dict[str, Any]
) -> dict[str, Any]:
    address = f"https://cdn.invalid/{message['id']}/{index}/{upload.filename}"
    more = {"description": told["description"]} if told.get("description") else {}
    return {
        "id": str(int(message["id"]) + 1 + index),
        "filename": upload.filename,
        "size": len(upload.content),
        "url": address,
        "proxy_url": address,
        **more,
    }
