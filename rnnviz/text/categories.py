"""Colours of categories, told apart also by readers with colour vision deficiency.

They stand for nothing but the difference between categories, which are named where they are drawn.
Source: Paul Tol, "Colour Schemes", 2021, the qualitative schemes light and muted, without the hues
that are near to that of gradients.
"""

from typing import Final

ON_DARK: Final = ("#77AADD", "#EEDD88", "#FFAABB", "#44BB99", "#AAAA00", "#DDDDDD")
ON_LIGHT: Final = ("#332288", "#999933", "#CC6677", "#117733", "#88CCEE", "#882255")
