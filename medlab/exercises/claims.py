"""Claims: sentences of a chapter's text that are held to the figures above them."""

from medlab.exercises import translation


class ClaimError(AssertionError):
    """What a chapter's text says does not hold for the figures that it speaks of."""


def claim(sentence: str, holds: bool, *, as_shipped: bool = True) -> None:
    """Hold a sentence of the text to the figures that it speaks of, and print it with a tick if it holds.

    Parameters
    ----------
    sentence : str
        What the text says, with the interval or the order that was compared.
    holds : bool
        Whether it is so.
    as_shipped : bool
        Whether the notebook runs with the parameters that the sentence was written for. With others it need
        not hold, which is worth knowing and nothing to stop for.

    Raises
    ------
    ClaimError
        If it does not hold although the notebook runs as shipped: then the text, or the code, is wrong.
    TypeError
        If `holds` is not one truth value; an array of them, say.

    Examples
    --------
    >>> claim("A quarter of the dose doubles the noise.", 1.9 < 0.25**-0.5 < 2.1)
    ✓ A quarter of the dose doubles the noise.
    >>> claim("Three epochs are enough.", False, as_shipped=False)
    ✗ With your parameters this does not hold: Three epochs are enough.
    """
    # NumPy's truth values are no bool; an array of several would raise its own, less helpful error.
    if str(getattr(holds, "dtype", type(holds).__name__)) != "bool" or getattr(holds, "shape", ()) != ():
        msg = f"holds must be one truth value, got {type(holds).__name__}; combine several with .all()."
        raise TypeError(msg)
    if not holds and as_shipped:
        msg = f"The text says what the figures above do not show: {sentence}"
        raise ClaimError(msg)
    text = f"✓ {sentence}" if holds else f"✗ With your parameters this does not hold: {sentence}"
    translation.show(text)
