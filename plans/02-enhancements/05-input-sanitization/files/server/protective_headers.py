"""Headers that keep a browser from making more of a response than it is.

Source: OWASP HTTP Headers Cheat Sheet; the pages of the gateway need no script, style or frame.
"""

PROTECTIVE: tuple[tuple[str, str], ...] = (
    (
        "Content-Security-Policy",
        "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
)
