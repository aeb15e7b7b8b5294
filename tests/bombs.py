"""What bombs for a parser are made of: heads, and pieces that are repeated."""

MAIL = b"From: a@b.example\nTo: c@d.example\nSubject: x\nMIME-Version: 1.0\n"
MAIL_HEADS = (
    MAIL,
    MAIL + b"Content-Type: multipart/mixed; boundary=b\n\n--b\n",
    MAIL + b"Subject: ",
    MAIL + b"From: ",
)
MAIL_PIECES = (
    *(b"Content-Type: multipart/mixed; boundary=b\n\n--b\n", b"--b\n", b"--b--\n", b"\n", b"\r\n", b" ", b"\t"),
    *(b"=?utf-8?q?a?= ", b"=?", b"?=", b"=", b"=3D", b'"', b"(", b")", b"<", b">", b",", b";", b":", b"\\", b"a@b,"),
    *(b"Content-Type: message/rfc822\n\n", b"Content-Type: text/html; charset=utf-7\n\n", b"name*0=b; ", b"&#9", b"9"),
    *(b"Content-Transfer-Encoding: base64\n", b"Content-Transfer-Encoding: quoted-printable\n", b"Received: a\n"),
    *(b"Content-Disposition: attachment; filename*=idna'b'%41\n", b"From nobody\n", b"X: y\n", b"<a href=", b"&amp;"),
)
IMAGE_HEADS = (
    b"II*\0\x08\0\0\0\xff\xff",
    b"MM\0*\0\0\0\x08\xff\xff",
    b"\xff\xd8\xff\xe1",
    b"\0\0\0\x18ftypheic",
    b"GIF8",
)
IMAGE_PIECES = (
    *(b"\0", b"\xff", b"Exif\0\0", b"\xff\xe1\0\x08", b"\xff\xe0\0\0", b"\0\0\0\x08meta", b"\0\0\0\0iinf", b"ftyp"),
    *(b"\x25\x88\x04\0\x01\0\0\0\x08\0\0\0", b"\x0f\x01\x02\0\xff\xff\xff\x7f\x08\0\0\0", b"infe", b"mif1heic"),
    *(b"\x69\x87\x04\0\x01\0\0\0\x08\0\0\0", b"\0\0\0\x01uuid", b"iloc\x01\0\0\0\x44\0\xff\xff", b"\x9b\x82\x05\0"),
    *(b"PK\x05\x06", b"%PDF"),
)
TEXT_WORDS = r"""
a é . - _ @ : / \ ( ) [ ] < > { } ' " « 0 00 ² ٣ ß İ ﷺ # ? & = =1+ , ; * ~ ^ .. :: ://
http:// hxxp:// [.] (at) 1. xn-- %41 /11 2026- T00:00 type: pop> &# <!-- e- l' p. 🍓
"""
TEXT_PIECES = (
    *TEXT_WORDS.split(),
    *(" ", "\n", "\t", "\0", "\u200b", "\u202e", "\ud800", "\u0301\u0315", "\u1100\u1161", "\u2028", "9" * 50),
    *(" dot ", "a.fr ", "192.0.2.1 ", "FR76 3000 ", "06 ", "+33 (0)", "st ", "poste "),
    *("hôpital de ", "saint ", "syndicat mixte "),
)
# One piece of each family. A megabyte of each of TEXT_PIECES would take minutes.
LONG_TEXT_PIECES = (
    *("a", ".", "[", "http://", " ", "\n", "ﷺ", "\u0301\u0315", "\u1100\u1161", "\ud800", "9" * 50),
    *("192.0.2.1 ", "FR76 3000 ", "hôpital de "),
)
JSON_WORDS = r"""
[ ] { } {} [] , : " "a" 1 - . e9 null true NaN \u \ é "interruptions": "service": "civil" "leak": "categories":
"contact": "phone": "tlp": {"interruptions":[ {"service":"civil"}, "description":" "detected_at":"2026-11-20"
"""
TYPE_PIECES = (
    *(";", ",", "=", '"', "\\", "*", "'", " ", "\t", "a/b", "text/plain; ", "boundary=b", "n*0=b; ", "q=1", "é"),
    *("charset", "charset=", ";charset=utf-8", ';charset="UTF8"', "utf-7", "zlib", "idna''%ff", "charset*="),
)
JSON_PIECES = (*JSON_WORDS.split(), "9" * 50, " ", "\ufeff", "\0")
