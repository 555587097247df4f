"""`python -m orchestrator.access create|list|revoke`: the keys of this machine, while the server runs or not."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta, timezone

from pydantic import ValidationError

from orchestrator.access.caller import SCOPES
from orchestrator.access.key_file import KeyFile
from orchestrator.access.keys import KeyInfo, KeyRequest
from orchestrator.config import load_data_dir
from orchestrator.errors import BadSetting
from orchestrator.protocol import explain

_EXAMPLES = """examples:
  python -m orchestrator.access create admin --scopes chat,voice,admin
  python -m orchestrator.access create phone --user amal --sessions 1 --audio-minutes-per-day 60 --expires-in-days 90
  python -m orchestrator.access create prometheus --scopes metrics --key-only > metrics-key
  python -m orchestrator.access list
  python -m orchestrator.access revoke 3f0c5a9d1e2b
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit status: 0; 1 where there is no such key; 2 with a message on standard error."""
    options = _parser().parse_args(arguments)
    try:
        action: Callable[[argparse.Namespace, KeyFile], int] = options.action
        return action(options, KeyFile(load_data_dir()))
    except BadSetting as error:
        print(f"beautyai: {error}", file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m orchestrator.access",
        description="API keys of this server, in BEAUTYAI_DATA_DIR/keys.json; a running server follows at once.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_create(commands.add_parser("create", help="make a key and print it, once"))
    listing = commands.add_parser("list", help="every key, without the keys themselves")
    listing.set_defaults(action=_list)
    revoking = commands.add_parser(
        "revoke", help="a key opens nothing any more; its voice sessions are closed"
    )
    revoking.add_argument("id", help="as `list` shows it")
    revoking.set_defaults(action=_revoke)
    for command in (listing, revoking):
        command.add_argument("--json", action="store_true", help="for scripts")
    return parser


def _add_create(command: argparse.ArgumentParser) -> None:
    command.set_defaults(action=_create)
    command.add_argument("name", help="what you will know it by")
    command.add_argument("--user", help="whose conversations it opens; two keys of one user share them")
    command.add_argument(
        "--scopes", default="chat,voice", help=f"by comma, of {', '.join(SCOPES)} (%(default)s)"
    )
    command.add_argument("--sessions", type=int, help="voice sessions at the same time")
    command.add_argument("--requests-per-minute", type=int)
    command.add_argument("--audio-minutes-per-day", type=float, help="a day is one of UTC")
    command.add_argument("--expires-in-days", type=float)
    form = command.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="for scripts")
    form.add_argument("--key-only", action="store_true", help="the key and nothing else")


def _create(options: argparse.Namespace, file: KeyFile) -> int:
    shown, key = file.create(_request(options))
    if options.key_only:
        print(shown)
    elif options.json:
        print(json.dumps({"key": shown, **key.info().model_dump(mode="json")}))
    else:
        print(f"{shown}\n\nThis is the only sight of it. {_line(key)}")
    return 0


def _request(options: argparse.Namespace) -> KeyRequest:
    limits = {
        name: getattr(options, name) for name in ("sessions", "requests_per_minute", "audio_minutes_per_day")
    }
    asked = {"name": options.name, "user": options.user, "limits": limits}
    scopes = [scope.strip() for scope in options.scopes.split(",") if scope.strip()]
    try:
        return KeyRequest.model_validate({**asked, "scopes": scopes, "expires_at": _expiry(options)})
    except ValidationError as error:
        raise BadSetting(explain(error)) from error


def _expiry(options: argparse.Namespace) -> datetime | None:
    if options.expires_in_days is None:
        return None
    try:
        return datetime.now(timezone.utc).replace(microsecond=0) + timedelta(days=options.expires_in_days)
    except (OverflowError, ValueError) as error:
        raise BadSetting(f"--expires-in-days {options.expires_in_days:g}: {error}") from error


def _list(options: argparse.Namespace, file: KeyFile) -> int:
    keys = [key.info() for key in file.read()]
    if options.json:
        print(json.dumps({"keys": [key.model_dump(mode="json") for key in keys]}))
    else:
        print("\n".join(map(_line, keys)) or f"There is no key in {file.path}")
    return 0


def _revoke(options: argparse.Namespace, file: KeyFile) -> int:
    revoked = file.revoke(options.id)
    if options.json:
        print(json.dumps({"id": options.id, "revoked": revoked}))
    elif revoked:
        print(f"Revoked {options.id}")
    else:
        print(f"beautyai: there is no key {options.id}; `list` shows those that there are", file=sys.stderr)
    return 0 if revoked else 1


def _line(key: KeyInfo) -> str:
    limits = [
        f"{value:g} {name.replace('_', ' ')}"
        for name, value in key.limits.model_dump(exclude_none=True).items()
    ]
    expiry = [f"until {key.expires_at:%Y-%m-%d %H:%M} UTC"] if key.expires_at else []
    return "  ".join([key.id, key.name, f"user {key.user}", ",".join(key.scopes), *limits, *expiry])


if __name__ == "__main__":
    sys.exit(main())
