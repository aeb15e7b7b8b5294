"""Texts and file names that do harm if a program treats them as more than text. All tests take theirs from here.

A text that runs sets a global named `piege`; an address of it goes to piege.example; an expression that is evaluated
gives a number of COMPUTED. Hostile elements carry the same mark, so that `tests.harmless` recognises them.
"""

import re

MARK = "piege"

# The results of the templates below, if anything evaluates them. Inside a digest or a token they are a coincidence.
COMPUTED = re.compile(r"(?<!\w)(?:63337|9801547)(?!\w)")

MARKUP = [
    "<script>piege=1</script>",
    '"><img src=x onerror=piege=1>',
    "'><svg onload=piege=1>",
    "</textarea><script>piege=1</script>",
    "</title><script>piege=1</script>",
    "</script><script>piege=1</script>",
    '" autofocus onfocus=piege=1 x="',
    "' onmouseover='piege=1",
    "`onload=piege=1 <b id=piege>gras</b>",
    "<a href=javascript:piege=1>ici</a>",
    "--><iframe srcdoc=piege>",
    "<form action=//piege.example><input>",
    "<base href=//piege.example>",
    "<meta http-equiv=refresh content='0;//piege.example'>",
    "<style>@import'//piege.example'</style>",
    "<details open ontoggle=piege=1>",
    '<noscript><p title="</noscript><img src=x onerror=piege=1>">',
    "<math><mtext><mglyph><style><img src onerror=piege=1>",
    "<template><script>piege=1</script></template>",
    "&lt;script&gt;piege=1&lt;/script&gt;",
    "\\u003cscript\\u003epiege=1\\u003c/script\\u003e",
    "%3Cscript%3Epiege=1%3C/script%3E",
]
ADDRESSES = [
    "javascript:piege=1",
    "JaVa\tScRiPt:piege=1//",
    "data:text/html,<script>piege=1</script>",
    "//piege.example/x",
    "/\\piege.example",
    "https://piege.example/",
    "http://piege.example/x www.piege.example HTTPS://PIEGE.example ftp://piege.example",
    "https://piege.example [ici](javascript:piege=1)",
    "https://mairie.example@piege.example/",
]
TEMPLATES = [
    "{{ 1337|add:62000 }}",
    "{{1337*7331}} ${1337*7331} #{1337*7331}",
    "{{ settings.SECRET_KEY }}",
    "{{ request.user }}{% debug %}{% include 'x' %}",
    "{# rien #} {% comment %}",
    "%s %d %(name)s %n",
    "{0} {name} {0.__class__}",
    "{n, plural, one {#} other {#}}",
    "<%= 1337*7331 %> <?php echo 1337*7331 ?>",
]
FORMULAS = [
    '=HYPERLINK("http://piege.example";"clic")',
    "=cmd|'/C calc'!A0",
    "+1337*7331",
    "-1337*7331",
    "@SUM(1337*7331)",
    "\t=1337*7331",
    "\r=1337*7331",
]
TYPST = [
    '#read("/etc/passwd")',
    '#panic("piege") #import "/etc/passwd": *',
    '#(1337*7331) #link("http://piege.example")[ici]',
    "= Titre $x$ @cle <cle> `brut` _a_ *b* \\ [ ] { } // /*",
]
HEADERS = [
    "x\r\nBcc: victime@piege.example",
    "x\nSet-Cookie: piege=1\n\n<script>piege=1</script>",
    "x%0d%0aBcc: victime@piege.example",
    "x\u2028Bcc: victime@piege.example\u2029",
    "=?utf-8?q?x=0D=0ABcc=3A_victime@piege.example?=",
]
INVISIBLE = [
    "facture\u202efdp.exe",
    "\u2066caché\u2069 \u061c\u200f\u200e",
    "a\u200bb\u200dc\u2060d\ufeffe",
    "un\x00deux\x07trois\x1b[31m\x7f",
    "\x85\x9b31m\u0085",
]
LETTERS = [
    "😱🔥 👩‍💻 🏴‍☠️",
    "مرحبا שלום",
    "漢字 Ⅷ ﷽ \ufffe",
    "e\u0301 Z\u0334\u031ba\u0360lgo",
    "'; DROP TABLE incidents_incident; --\"",
    "' OR 1=1 --",
]
WORDS = [*MARKUP, *ADDRESSES, *TEMPLATES, *FORMULAS, *TYPST, *HEADERS, *INVISIBLE, *LETTERS]

FILE_NAMES = [
    *(f"{trick.replace('/', '∕')}.png" for trick in MARKUP[:3]),
    "<svg onload=piege=1>.svg",
    "piege.html",
    "photo.jpg.exe",
    "../../../etc/passwd",
    "..\\..\\windows\\system32\\cmd.exe",
    "%2e%2e%2fetc.txt",
    "photo\u202egpj.exe",
    "a\u200bb\u2066c\u2069.txt",
    "a\0b.txt",
    'guillemets" ; filename="piege.html',
    "ligne\r\nSet-Cookie: piege=1.txt",
    "ligne\nContent-Type: text/html\n\n<script>piege=1</script>",
    "=cmd|'/C calc'!A0.csv",
    "@SUM(1+1).csv",
    "{{ request.user }}{% debug %}%s.txt",
    '#read("/etc/passwd").typ',
    "é" * 400 + ".eml",
    "תמונה.jpg",
    "😱 note (1).txt",
    ".htaccess",
    "CON.txt",
    "'; DROP TABLE x; --",
    "   ",
]

# Hostile mail addresses that are valid.
MAILBOXES = ['"<script>piege=1</script>"@piege.example', "'onfocus=piege=1'@piege.example", "=1+1@piege.example"]

# One text of each kind, for tests that use few: two that leave an attribute, a template, a line end, a formula.
ONE_OF_EACH = [MARKUP[1], MARKUP[6], TEMPLATES[0], HEADERS[0], FORMULAS[1]]

# One text, for tests that need only one.
TRICK = f"{MARKUP[1]} {ADDRESSES[5]} {TEMPLATES[2]}"


def slice_words(number: int, *, of: int) -> list[str]:
    """Return one of `of` lists that together contain every text. Each list starts with another kind of text."""
    return WORDS[number % of :: of]
