"""Sphinx' settings for the API reference: `make docs` writes it into build/docs, and warnings are errors."""

import importlib
import inspect
from pathlib import Path

import medlab

project = "medlab"
version = release = medlab.__version__
project_copyright = "The medlab contributors. Apache License 2.0"

extensions = ["sphinx.ext.autodoc", "sphinx.ext.autosummary", "sphinx.ext.mathjax", "numpydoc"]
autosummary_generate = False  # write_pages does it
autodoc_typehints = "none"  # the docstring gives the type together with shape, unit and range
numpydoc_show_class_members = False
numpydoc_validation_checks = {"PR02"}  # a parameter is documented that the function does not have
# These hand **options on and document each of them.
numpydoc_validation_exclude = {r"training\.fit$", r"gan\.GAN$", r"gan\.(GAN|Inpainter)\.fit$"}
default_role = "py:obj"  # `fit` in a docstring becomes a link to it
smartquotes = False  # "lesson" is a value to be typed

html_theme = "alabaster"
html_show_sourcelink = False
html_theme_options = {
    "description": "Deep learning on medical images, in Jupyter. Not a medical device.",
    "page_width": "1100px",
    "sidebar_width": "240px",
    "fixed_sidebar": True,
    "sidebar_collapse": False,
}


def directive(name: str, argument: str = "", flags: tuple[str, ...] = (), body: tuple[str, ...] = ()) -> str:
    """Return a directive of reStructuredText."""
    lines = [f".. {name}:: {argument}", *(f"   :{flag}:" for flag in flags)]
    return "\n".join([*lines, "", *(f"   {line}" for line in body), ""])


def write_pages(folder: Path, name: str, documented: frozenset[str] = frozenset()) -> None:
    """Write the page of a package or module, and those of the modules that its ``__all__`` names.

    sphinx.ext.autosummary can walk packages too, but takes the modules behind a lazily attached name for
    public ones. `documented` are the names that a page further up describes already.
    """
    module = importlib.import_module(name)
    members = {member: getattr(module, member) for member in sorted(getattr(module, "__all__", ()))}
    modules = [member for member, value in members.items() if inspect.ismodule(value)]
    functions = [member for member, value in members.items() if inspect.isfunction(value)]
    classes = [member for member, value in members.items() if inspect.isclass(value)]
    constants = [f"``{m}``" for m in members if m not in (*modules, *functions, *classes)]
    # A module without a table of contents has only names of its own.
    parts = [name, "=" * len(name), directive("automodule", name, () if members else ("members",))]
    if members:
        parts.append(directive("autosummary", "", ("nosignatures",), (*modules, *functions, *classes)))
    if constants:
        parts.append(f"Constants: {', '.join(constants)}.\n")
    for member in (*functions, *classes):
        if member not in documented:
            kind = "function" if member in functions else "class"
            parts.append(directive(f"auto{kind}", member, () if member in functions else ("members",)))
    parts.append(directive("toctree", "", ("hidden",), tuple(f"{name}.{member}" for member in modules)))
    (folder / f"{name}.rst").write_text("\n".join(parts), encoding="utf-8")
    for member in modules:
        write_pages(folder, f"{name}.{member}", documented | set(members))


def skip_foreign(app, kind, name, member, skip, options):
    """Leave out what a library adds to a class of ours, such as matplotlib's ``Figure.set``."""
    return skip or not (getattr(member, "__module__", None) or "medlab").startswith("medlab") or None


def show_init(app, kind, name, member, options, signature, returns):
    """Give a widget the signature of its ``__init__``, which traitlets' ``__new__`` hides."""
    if kind == "class" and signature == "(*args, **kwargs)":
        parameters = list(inspect.signature(member.__init__).parameters.values())[1:]
        bare = [parameter.replace(annotation=inspect.Parameter.empty) for parameter in parameters]
        return str(inspect.Signature(bare)), returns
    return None


def setup(app):
    """Write the pages before Sphinx looks for its sources."""
    app.connect("autodoc-skip-member", skip_foreign)
    app.connect("autodoc-process-signature", show_init)
    folder = Path(app.srcdir) / "generated"
    folder.mkdir(exist_ok=True)
    for page in folder.glob("*.rst"):
        page.unlink()  # of a module that is gone
    for package in ("medlab", "medlab_widgets"):
        write_pages(folder, package)
