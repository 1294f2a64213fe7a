"""The page for an address that leads nowhere; served with status 404."""

import reflex as rx
from reflex.utils.imports import ImportVar
from reflex.vars import VarData

from imageroute_app.components import paths
from imageroute_app.components.links import link
from imageroute_app.components.marks import route
from imageroute_app.components.public import door, masthead, public_page
from imageroute_app.state.views import StopView

STOPS = [
    StopView(kind="you", name="You", sub="Asked for this address"),
    StopView(kind="hub", name="ImageRoute", sub="Looked, and answered 404", state="toahead"),
    StopView(kind="home", name="Nothing here", sub="Never was, is gone, or is not yours", state="gone"),
]

ARRIVED = """() => {
  if (typeof window === "undefined") return false;
  const [first] = performance.getEntriesByType("navigation");
  const plain = (path) => path.replace(/\\/+$/, "");
  return !!first && plain(new URL(first.name).pathname) !== plain(window.location.pathname);
}"""


def _arrived_inside() -> rx.Var[bool]:
    """Tell whether the page's own script came here; then the server is asked, because it knows more addresses.

    A redirect of the guard to /sign-in comes this way. A page that the server itself answered with never asks again.
    """
    hooks = {
        f"const [arrivedInside] = useState({ARRIVED});": None,
        "useEffect(() => { if (arrivedInside) window.location.replace(window.location.href); }, [arrivedInside]);": None,
    }
    imports = {"react": [ImportVar(tag="useState"), ImportVar(tag="useEffect")]}
    return rx.Var("arrivedInside", _var_type=bool, _var_data=VarData(hooks=hooks, imports=imports)).bool()


def missing() -> rx.Component:
    """Say that nothing is here, and which ways lead on."""
    return rx.cond(_arrived_inside(), rx.fragment(), _nothing_here())


def _nothing_here() -> rx.Component:
    return public_page(
        rx.el.div(
            rx.el.section(
                rx.el.div(
                    rx.el.h1("This address leads nowhere", class_name="h1"),
                    rx.el.p(
                        "Check the address for a typing slip. A picture in the trash or erased is"
                        " gone from its address too.",
                        class_name="read q2",
                    ),
                    rx.el.div(
                        link("Go to Create", href=paths.CREATE, class_name="btn ink lg"),
                        link("Home", href=paths.LANDING, class_name="btn line lg"),
                        class_name="cta",
                    ),
                ),
                route(STOPS, "local", label="What happened to this address"),
                class_name="nowhere",
            ),
            class_name="wrap",
        ),
        head=masthead(*door()),
    )
