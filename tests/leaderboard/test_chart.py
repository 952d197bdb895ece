"""The curve: every scored round a dot inside the picture, better lower, gaps where nobody reigned."""

from hypothesis import given
from hypothesis import strategies as st

from chain.types import Block
from leaderboard.chart import HEIGHT, WIDTH, Chart, Dot, Tick, chart
from ledger.trends import TrendPoint

SCORES = st.lists(st.none() | st.floats(0.001, 1e6), max_size=60)


def points(*scores: float | None, holders: tuple[int, ...] | None = None) -> list[TrendPoint]:
    held = holders or (1,) * len(scores)
    return [TrendPoint(n, Block(n), h, s) for n, (s, h) in enumerate(zip(scores, held, strict=True))]


def drawn(*scores: float | None, holders: tuple[int, ...] | None = None) -> Chart:
    drawing = chart(points(*scores, holders=holders))
    assert drawing is not None
    return drawing


def test_three_rounds_are_drawn_as_they_always_were() -> None:
    assert drawn(3.0, 2.0, 2.0, holders=(1, 2, 2)) == Chart(
        dots=(
            Dot(58.0, 35.7, 0, 3.0, is_new=True, labelled=True),
            Dot(340.0, 140.3, 1, 2.0, is_new=True, labelled=True),
            Dot(622.0, 140.3, 2, 2.0, is_new=False, labelled=True),
        ),
        lines=("58.0,35.7 340.0,140.3 622.0,140.3",),
        ticks=(Tick(20.0, "3.150"), Tick(88.0, "2.500"), Tick(156.0, "1.850")),
        summary="Score of who reigned in rounds 0 to 2: 3.0000 at first, 2.0000 at last",
    )


@given(SCORES)
def test_every_scored_round_is_a_dot_inside_the_picture(scores: list[float | None]) -> None:
    drawing = chart(points(*scores))
    known = [score for score in scores if score is not None]
    if drawing is None:
        assert known == []
        return
    assert [dot.score for dot in drawing.dots] == known
    assert all(0 <= dot.x <= WIDTH and 0 <= dot.y <= HEIGHT for dot in drawing.dots)
    assert [dot.x for dot in drawing.dots] == sorted(dot.x for dot in drawing.dots)
    order = sorted(drawing.dots, key=lambda dot: dot.score)
    assert [dot.y for dot in order] == sorted((dot.y for dot in order), reverse=True)


def test_a_vacant_throne_leaves_a_gap() -> None:
    drawing = drawn(3.0, 2.9, None, 2.8, 2.7)
    assert [len(line.split()) for line in drawing.lines] == [2, 2]


def test_one_round_is_a_dot_without_a_line() -> None:
    drawing = drawn(3.0)
    assert (len(drawing.dots), drawing.lines) == (1, ())


def test_noise_does_not_look_like_a_cliff() -> None:
    low, high = sorted(dot.y for dot in drawn(3.0, 3.0001).dots)
    assert high - low < HEIGHT / 50


def test_long_histories_label_few_rounds_and_always_the_newest() -> None:
    labelled = [dot.number for dot in drawn(*[2.0] * 60).dots if dot.labelled]
    assert (len(labelled) <= 9, labelled[-1]) == (True, 59)


def test_without_scores_there_is_nothing_to_draw() -> None:
    assert (chart([]), chart(points(None, None))) == (None, None)
