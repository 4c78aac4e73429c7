"""The timing of a PowerPoint slide: Next plays its clip, and a click on the clip pauses it.

This is what PowerPoint writes for a video that starts "in click sequence": an effect in the main
sequence, triggered by Next; the node of the video; and a sequence triggered by a click on the
video.
"""

from typing import Final

_P: Final = "http://schemas.openxmlformats.org/presentationml/2006/main"


def timing(shape: int, milliseconds: int) -> str:
    """Return the ``p:timing`` of a slide whose only clip is the shape with this id."""
    target = f'<p:tgtEl><p:spTgt spid="{shape}"/></p:tgtEl>'
    slide = "<p:tgtEl><p:sldTgt/></p:tgtEl>"
    clicked = f'<p:cond evt="onClick" delay="0">{target}</p:cond>'
    play = _effect(
        first=3, begin="indefinite", preset=1, call="playFrom(0.0)", lasts=milliseconds, on=target
    )
    pause = _effect(first=9, begin="0", preset=2, call="togglePause", lasts=1, on=target)
    return (
        f'<p:timing xmlns:p="{_P}"><p:tnLst><p:par>'
        '<p:cTn id="1" dur="indefinite" restart="never" nodeType="tmRoot"><p:childTnLst>'
        '<p:seq concurrent="1" nextAc="seek">'
        '<p:cTn id="2" dur="indefinite" nodeType="mainSeq">'
        f"<p:childTnLst>{play}</p:childTnLst></p:cTn>"
        f'<p:prevCondLst><p:cond evt="onPrev" delay="0">{slide}</p:cond></p:prevCondLst>'
        f'<p:nextCondLst><p:cond evt="onNext" delay="0">{slide}</p:cond></p:nextCondLst>'
        "</p:seq>"
        '<p:video><p:cMediaNode vol="80000"><p:cTn id="7" fill="hold" display="0">'
        f'<p:stCondLst><p:cond delay="indefinite"/></p:stCondLst></p:cTn>{target}</p:cMediaNode>'
        "</p:video>"
        '<p:seq concurrent="1" nextAc="seek">'
        '<p:cTn id="8" restart="whenNotActive" fill="hold" evtFilter="cancelBubble" '
        f'nodeType="interactiveSeq"><p:stCondLst>{clicked}</p:stCondLst>'
        '<p:endSync evt="end" delay="0"><p:rtn val="all"/></p:endSync>'
        f"<p:childTnLst>{pause}</p:childTnLst></p:cTn>"
        f"<p:nextCondLst>{clicked}</p:nextCondLst></p:seq>"
        "</p:childTnLst></p:cTn></p:par></p:tnLst></p:timing>"
    )


def _effect(first: int, begin: str, preset: int, call: str, lasts: int, on: str) -> str:
    """Return a call to a clip as a click effect, nested in the three levels that effects have."""
    at_once = '<p:stCondLst><p:cond delay="0"/></p:stCondLst>'
    return (
        f'<p:par><p:cTn id="{first}" fill="hold">'
        f'<p:stCondLst><p:cond delay="{begin}"/></p:stCondLst><p:childTnLst>'
        f'<p:par><p:cTn id="{first + 1}" fill="hold">{at_once}<p:childTnLst>'
        f'<p:par><p:cTn id="{first + 2}" presetID="{preset}" presetClass="mediacall" '
        f'presetSubtype="0" fill="hold" nodeType="clickEffect">{at_once}<p:childTnLst>'
        f'<p:cmd type="call" cmd="{call}"><p:cBhvr>'
        f'<p:cTn id="{first + 3}" dur="{lasts}" fill="hold"/>{on}</p:cBhvr></p:cmd>'
        "</p:childTnLst></p:cTn></p:par></p:childTnLst></p:cTn></p:par></p:childTnLst></p:cTn>"
        "</p:par>"
    )
