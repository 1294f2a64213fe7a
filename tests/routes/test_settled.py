"""Prerendered pages whose late parts are put in place at the build: the same page, and no script that moves anything."""

import pytest

from imageroute_app.routes.settled import settled

MOVER = '$RB=[];$RV=function(a){for(;a<1;)b("<a")};$RC=function(a,b){};'
STREAMED = (
    '<body><main id="main"><div>here</div></main><!--$?--><template id="B:0"></template><!--/$-->'
    '<script id="_R_">requestAnimationFrame(function(){$RT=performance.now()});</script>'
    '<div hidden id="S:0"><script>enqueue("a")</script><!--$?--><template id="B:1"></template><!--/$--></div>'
    f'<script>{MOVER}$RC("B:0","S:0")</script>'
    '<div hidden id="S:1"><script>close()</script></div><script>$RC("B:1","S:1")</script></body>'
)


def test_late_parts_stand_where_their_script_would_have_moved_them() -> None:
    assert settled(STREAMED) == (
        '<body><main id="main"><div>here</div></main>'
        '<!--$--><script>enqueue("a")</script><!--$--><script>close()</script><!--/$--><!--/$--></body>'
    )


def test_a_page_without_late_parts_stays_as_it_is() -> None:
    page = "<body><main>here</main><script>begin()</script></body>"
    assert settled(page) == page


@pytest.mark.parametrize(
    ("part", "other"), [('id="B:1"', 'id="B:7"'), ('id="S:1"', 'id="P:1"'), ("<div hidden", "<i hidden")]
)
def test_another_shape_fails_the_build(part: str, other: str) -> None:
    with pytest.raises(RuntimeError, match=r"settled\.py"):
        settled(STREAMED.replace(part, other))
