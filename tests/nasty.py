"""A caption with special characters of every export format."""

NASTY = (
    "</script><img src=x onerror=alert(1)> --> \\input{/etc/passwd} & $x_1$ % # ~ ^ {a} "
    "`b` *c* [d](e) \"f\" 'g' {{title}} 🦊"
)
