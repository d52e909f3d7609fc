"""Conversations: lists of messages, each with a role and a content."""

from __future__ import annotations

from typing import Any, cast

from nbtransformers.errors import shown

ROLES = ("system", "developer", "user", "assistant", "tool")


def is_conversation(value: object) -> bool:
    """Whether a value is meant as a conversation: a list of messages, each with a role.

    Example:
        >>> is_conversation([{"role": "user", "content": "Hello!"}])
        True
    """
    if not isinstance(value, list) or not value:
        return False
    return all(isinstance(message, dict) and "role" in message for message in cast("list[Any]", value))


def conversation_fault(value: object) -> str | None:
    """Why a value cannot be handed to a chat template as a conversation; None when it can.

    Templates are lenient: a role that they do not know, or a content that is not there, is left out in silence.

    Example:
        >>> conversation_fault([{"role": "user"}])
        'message 1 has no content'
    """
    messages = cast("list[Any]", value) if isinstance(value, list) else []
    if not messages or not all(isinstance(message, dict) for message in messages):
        return "this is no JSON list of messages, each with role and content"
    for number, message in enumerate(messages, start=1):
        fault = _message_fault(message, is_last=number == len(messages))
        if fault is not None:
            return f"message {number} {fault}"
    return None


def _message_fault(message: dict[str, Any], *, is_last: bool) -> str | None:
    role, content = message.get("role"), message.get("content")
    if role not in ROLES:
        names = f"{', '.join(ROLES[:-1])} and {ROLES[-1]}"
        return f"has {f'the role {shown(role)}' if 'role' in message else 'no role'}: there are {names}"
    if role == "assistant" and message.get("tool_calls"):
        return None
    if content is None:
        return "has no content"
    if not isinstance(content, str | list):
        return f"has the content {shown(content)}, which is no text"
    blank = not (content.strip() if isinstance(content, str) else content)
    return "has an empty content" if blank and (role == "user" or is_last) else None
