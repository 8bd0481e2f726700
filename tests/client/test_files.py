import pytest
from hypothesis import given
from hypothesis import strategies as st

from difyflow.client.files import mime_type, upload_name


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("a.txt", "text/plain"),
        ("A.PDF", "application/pdf"),
        ("a.md", "text/markdown"),
        ("a.csv", "text/csv"),
        ("a.html", "text/html"),
        ("a.png", "image/png"),
        ("论语.docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        ("a.xyz", "application/octet-stream"),
        ("noextension", "application/octet-stream"),
    ],
)
def test_every_name_has_a_mime_type(name, wanted):
    assert mime_type(name) == wanted


def test_a_name_loses_what_servers_refuse_and_keeps_the_rest():
    assert upload_name('a/b\\c:d*e?f"g<h>i|j 论语.txt') == "a_b_c_d_e_f_g_h_i_j 论语.txt"
    assert upload_name("") == "file"


@pytest.mark.long
@given(st.text(max_size=400))
def test_a_name_to_upload_is_never_too_long_and_keeps_a_short_extension(name):
    made = upload_name(name + ".docx")

    assert 0 < len(made) <= 200 and made.endswith(".docx")
    assert not set(made) & set('/\\:*?"<>|\n')
