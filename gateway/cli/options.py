"""Options that every command takes, before or after its action."""

import argparse


def common() -> argparse.ArgumentParser:
    """Return a parser to be the parent of commands and actions."""
    parser = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)
    parser.add_argument("--state-dir", metavar="DIR", help="default: GATEWAY_STATE_DIR, else ~/.moltbot")
    parser.add_argument(
        "--config", metavar="FILE", help="default: GATEWAY_CONFIG_PATH, else DIR/moltbot.json"
    )
    return parser
