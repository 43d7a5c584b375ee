from __future__ import annotations

from jetlens.run.progress import Log


def test_what_holds_of_every_repeat_is_news_once():
    log = Log(quiet=True)
    asked = ["a", "b", "a", "a", "b", "c"]
    assert [log.is_news(fact) for fact in asked] == [True, True, False, False, False, True]
    assert Log(quiet=True).is_news("a")


def test_lines_go_to_the_error_stream_with_the_seconds(capsys):
    Log().say("trained")
    Log(quiet=True).say("explained")
    out, err = capsys.readouterr()
    assert out == ""
    assert err.endswith(" s] trained\n")
    assert "explained" not in err
