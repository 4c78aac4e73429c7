"""A caption that tries to break every format that it is put into."""

NASTY = (
    "</script><img src=x onerror=alert(1)> --> \\input{/etc/passwd} & $x_1$ % # ~ ^ {a} "
    "`b` *c* [d](e) \"f\" 'g' {{title}} 🦊"
)
