"""Notations: symbols replaced in formulas, and files of one's own."""

import re
from dataclasses import fields, replace

import pytest
import typst
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.mathtext import MathTextParser

from rnnviz.errors import RnnvizError, TextError
from rnnviz.text.notation import (
    NOTATIONS,
    UWV,
    Gates,
    Notation,
    gate_source,
    in_captions,
    in_tex,
    in_typst,
    using_notation,
)
from rnnviz.text.notation_files import load_notation
from rnnviz.text.plain_text import Phrase, plain
from rnnviz.text.symbols import ACCENTS, GREEK, symbol_of

OTHERS = tuple(name for name in NOTATIONS if name != UWV.name)
STEP = "{{ h_(8) : now }} = tanh({{ U : U }} {{ x_(8) : x }} + {{ W : W }} h_(7) + {{ b : b }})"
NAMES = [
    "tanh", "diag", "partial", "sum", "norm", "alpha", "thin", "dot.o", "arrow.l", "sqrt", "ln",
]  # fmt: skip
SYMBOLS = [
    *"xhoyLUWVbc", "y^*", "c_t", "f_t", "i_t", "g_t", "q_t", "r_t", "z_t", "n_t",
    "U'", "W_s", "h_(t-1)", "W^T", "h'_8",
]  # fmt: skip


def pieces():
    """Parts of a formula that hold no symbol, and those that are one."""
    kept = st.sampled_from([*NAMES, '"softmax"', '"W"', "0.5", "+", "=", "sum_(c=1)^(k+1)", "j"])
    return st.one_of(kept, st.sampled_from(SYMBOLS))


@pytest.mark.parametrize(
    ("name", "source", "expected"),
    [
        ("pytorch", "U x_t", 'W_"ih" x_t'),
        ("pytorch", "W^T h", 'W_"hh"^T h'),
        ("pytorch", "W_s", 'W_("hh", s)'),
        ("pytorch", "W_(k-1)", 'W_("hh", k-1)'),
        ("pytorch", "W_{step}", 'W_("hh", {step})'),
        ("pytorch", "W' h'_(t+1)", "W'_\"hh\" h'_(t+1)"),
        ("pytorch", "U x + b", 'W_"ih" x + b_"ih" + b_"hh"'),
        ("pytorch", "U x - b", 'W_"ih" x - (b_"ih" + b_"hh")'),
        ("pytorch", "2 b", '2 (b_"ih" + b_"hh")'),
        ("pytorch", "b_1", 'b_("ih", 1) + b_("hh", 1)'),
        ("pytorch", "b^T", '(b_"ih" + b_"hh")^T'),
        ("pytorch", "e^b", 'e^(b_"ih" + b_"hh")'),
        ("pytorch", "e^(o_8)", 'e^("logits"_8)'),
        ("pytorch", STEP, STEP.replace("U :", 'W_"ih" :').replace("W :", 'W_"hh" :').replace(
            "b :", 'b_"ih" + b_"hh" :')),
        ("pytorch", "h_t = q_t dot.o tanh(c_t)", "h_t = o_t dot.o tanh(c_t)"),
        ("pytorch", "V h + c", 'W_"fc" h + b_"fc"'),
        ("d2l", "c_(t-1) + c", 'c_(t-1) + b_"q"'),
        ("d2l", "g_t, n_t, n", "tilde(c)_t, tilde(h)_t, n"),
        ("d2l", "(y - y^*) y^upright(T)", "(hat(y) - y) hat(y)^upright(T)"),
        ("d2l", "sum_(i=1)^n f(i)", "sum_(i=1)^n f(i)"),
        ("goodfellow", "i_t dot.o g_t", "g_t dot.o tilde(s)_t"),
        ("goodfellow", "z_t h_(t-1) + c_t + c", "u_t h_(t-1) + s_t + c"),
        ("goodfellow", 'italic("b") + "W" + U', 'italic("b") + "W" + U'),
    ],
)  # fmt: skip
def test_symbols_are_replaced_with_what_stands_behind_them(name, source, expected):
    with using_notation(NOTATIONS[name]):
        assert in_typst(source) == expected


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("d2l", r"share of $\partial L / \partial W_s$",
         r"share of $\partial L / \partial W_{\mathrm{hh}, s}$"),
        ("d2l", r"$\hat W$ or W, $1 - \tanh^2 a$", r"$\hat W_{\mathrm{hh}}$ or W, $1 - \tanh^2 a$"),
        ("goodfellow", "$y_{12}$", r"$\hat{y}_{12}$"),
        ("pytorch", r"\$W in $q_t$", r"\$W in $o_t$"),
        ("pytorch", r"$\mathrm{W} b$", r"$\mathrm{W} (b_{\mathrm{ih}} + b_{\mathrm{hh}})$"),
    ],
)  # fmt: skip
def test_symbols_are_replaced_in_formulas_of_tex(name, text, expected):
    with using_notation(NOTATIONS[name]):
        assert in_tex(text) == expected


def test_captions_and_plain_text_follow():
    caption = "The {item} meets $U$, $W h_({n})$: {picked} {word}"
    facts = {"item": "word U", "n": "8", "picked": Phrase("a row of $U$."), "word": "$W$"}
    assert plain(caption, facts) == "The word U meets U, W h₈: a row of U. $W$"
    with using_notation(NOTATIONS["d2l"]):
        assert in_captions(caption).startswith('The {item} meets $W_"xh"$, $W_"hh" h_({n})$')
        assert plain(caption, facts) == "The word U meets Wₓₕ, Wₕₕ h₈: a row of Wₓₕ. $W$"
    assert in_captions(caption) == caption


def test_what_is_in_use_ends_with_its_context():
    with using_notation(NOTATIONS["d2l"]):
        with using_notation(NOTATIONS["pytorch"]):
            assert in_typst("U") == 'W_"ih"'
        assert in_typst("U") == 'W_"xh"'
    assert in_typst("U") == "U"


@pytest.mark.parametrize("name", NOTATIONS)
def test_no_two_symbols_are_the_same(name):
    """A scene shows all roles together, but gates only with those of their cell."""
    notation = NOTATIONS[name]
    roles = [
        getattr(notation, each.name)
        for each in fields(Notation)
        if each.name not in ("name", "gates", "cell_state")
    ]
    gates = [getattr(notation.gates, each.name) for each in fields(Gates)]
    assert len(set(roles)) == len(roles)
    assert len({*gates[:4], notation.cell_state}) == 5
    assert len({*gates[4:], notation.state}) == 4
    if name == UWV.name:  # a lecture of all scenes
        assert not set(gates) & set(roles)


def test_the_gates_of_a_trace_have_their_symbols():
    assert [gate_source(name) for name in "ifgorzn"] == list("ifgqrzn")


@given(st.lists(pieces(), max_size=8), st.sampled_from(OTHERS), st.booleans())
def test_only_symbols_are_replaced(parts, name, named):
    """Names, text, numbers and the names of parts stay, and the result is a formula of Typst."""
    shown = [f"{{{{ {part} : p{index} }}}}" if named else part for index, part in enumerate(parts)]
    source = "  ".join(shown)
    with using_notation(NOTATIONS[name]):
        made = in_typst(source)
    for pattern in (r":\s*\w+\s*\}\}", r"[A-Za-z]{2,}(?![\"a-z])", r"\d\.\d"):
        before = [found for found in re.findall(pattern, source) if found != "hh"]
        after = [found for found in re.findall(pattern, made) if found not in ("hat", "tilde")]
        assert [each for each in after if each in before] == before
    assert re.findall('"softmax"|"W"', made) == re.findall('"softmax"|"W"', source)
    left = re.sub(r'"[^"]*"|\w+\(c=1\)|:\s*\w+\s*\}\}|(?<![a-z])[A-Za-z]{2,}', "", made)
    assert not (name in ("pytorch", "d2l") and re.search(r"(?<![a-z])[UV](?![a-z])", left))


def symbols():
    letter = st.one_of(
        st.sampled_from(list("abhsuwzWUVHX")),
        st.sampled_from(GREEK),
        st.sampled_from(['"out"', '"ih"']),
    )
    base = st.one_of(letter, st.builds("{}({})".format, st.sampled_from(ACCENTS), letter))
    script = st.one_of(
        letter, st.just("*"), st.just("12"), st.builds("({} {})".format, letter, letter)
    )
    return st.builds(
        lambda base, sub, sup: base + (f"_{sub}" if sub else "") + (f"^{sup}" if sup else ""),
        base,
        st.one_of(st.none(), script),
        st.one_of(st.none(), script),
    )


@given(symbols(), st.sampled_from(["{}_t^2", "{}", "e^{}", "(partial L)/(partial {}_(t-1))"]))
def test_a_symbol_of_ones_own_compiles_in_typst_and_in_matplotlib(symbol, use):
    symbol_of(symbol)
    with using_notation(replace(UWV, name="own", recurrent_weights=symbol)):
        made = in_typst(use.replace("{}", "W"))
        tex = in_tex(r"$\partial W_{t-1}^2 / \partial W$")
    typst.compile(f"$ {made} $".encode(), format="svg")
    MathTextParser("path").parse(tex)


@pytest.mark.parametrize(
    "source",
    [
        "", "#panic()", "h#x", "sqrt(x)", "hat(hat(y))", "x y", "h_", "h^^2", "ab", "h_(t", "$h$",
        'W_"a#b"', '"' + "a" * 13 + '"', "h_t_t", "a + b + c", "a - b", "#h(1em)", "x\n", "é",
        "h\\", "read(\"a\")", "{{ h : h }}",
    ],
)  # fmt: skip
def test_what_is_no_symbol_is_refused(source):
    with pytest.raises(ValueError, match="is no symbol"):
        symbol_of(source)


OWN = """
like = "d2l"
state = "s"
hidden_bias = "beta"
prediction = "hat(y)"
[gates]
output = 'o_"out"'
"""


def test_a_file_of_ones_own(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(OWN)
    notation = load_notation(path)
    assert notation.name == "mine"
    assert (notation.state, notation.gates.output) == ("s", 'o_"out"')
    assert notation.input_weights == 'W_"xh"'
    with using_notation(notation):
        assert (
            in_typst("h_t = q_t dot.o tanh(c_t) + b") == 's_t = o_("out", t) dot.o tanh(c_t) + beta'
        )
    twin = tmp_path / "d2l.toml"
    twin.write_text(OWN)
    assert load_notation(str(twin)).name == "own_d2l"
    assert load_notation("uwv") is UWV
    assert load_notation(notation) is notation


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("state = 3", "is wrong at state: expected text, got 3; write a letter"),
        ("stat = 's'", "has an unknown role, 'stat'; did you mean state"),
        ("[gates]\nforgett = 'f'", "has an unknown gate, 'forgett'; did you mean forget"),
        ("gates = 'f'", "is wrong at gates: expected an object"),
        ("like = 'd2'", "is like an unknown notation, 'd2'; did you mean d2l?"),
        ("state = '#panic()'", "has '#panic()' as state, which is no symbol; write a letter"),
        ("state = 'a + k'", "has the sum 'a + k' as state; only hidden_bias may be a sum"),
        ("state = 'x'", "has 'x' as input and as state; give them different symbols"),
        ("[gates]\noutput = 'f'", "has 'f' as forget and as output; give them different symbols"),
        ("state = ", "is no TOML (Invalid value (at end of document)); write lines such as"),
        ("#" * 100_001, "is too long"),
    ],
)
def test_a_file_that_is_no_notation(content, expected, tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(content)
    with pytest.raises(TextError) as error:
        load_notation(path)
    assert str(error.value).startswith(f"notation {str(path)!r} ")
    assert expected in str(error.value)
    assert "\n" not in str(error.value)


def test_an_unknown_name_and_a_file_that_cannot_be_read(tmp_path):
    with pytest.raises(TextError, match=r"'goodfelow'; give .*did you mean goodfellow"):
        load_notation("goodfelow")
    with pytest.raises(TextError, match="does not exist; give an existing file"):
        load_notation(tmp_path / "none.toml")
    (tmp_path / "folder.toml").mkdir()
    with pytest.raises(RnnvizError, match="cannot be read"):
        load_notation(tmp_path / "folder.toml")
    (tmp_path / "bytes.toml").write_bytes(b"\xff")
    with pytest.raises(TextError, match="is no TOML"):
        load_notation(tmp_path / "bytes.toml")
