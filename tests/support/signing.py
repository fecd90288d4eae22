"""A signing provider of the tests: it signs a PDF for good, by an incremental update with a detached CMS signature of a
key of its own, and a Word file by an added package signature part."""

from __future__ import annotations

import functools
import io
import re
import sys
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from xml.sax.saxutils import escape

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import pkcs7
from cryptography.x509.oid import NameOID

_ROOM = 8_192  # hexadecimal digits kept free for the signature
_ORIGIN = "http://schemas.openxmlformats.org/package/2006/relationships/digital-signature/origin"


@functools.cache
def _signer() -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test seal")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=30))
        .sign(key, hashes.SHA256())
    )
    return made, key


def signed_pdf(data: bytes) -> bytes:
    """The PDF with an appended signature field (ISO 32000-1, 12.7.4.5 and 12.8) over everything but its own value."""
    before_table = int(re.findall(rb"startxref\s+(\d+)", data)[-1])
    size = max(int(n) for n in re.findall(rb"(?m)^(\d+) 0 obj", data)) + 1
    root = int(re.findall(rb"/Root (\d+) 0 R", data)[-1])
    found = re.search(rb"(?m)^%d 0 obj\s*<<(.*?)>>\s*endobj" % root, data, re.S)
    assert found is not None
    form = f"/AcroForm<</Fields[{size} 0 R]/SigFlags 3>>"
    field = f"<</FT/Sig/Type/Annot/Subtype/Widget/T(Signature1)/F 132/Rect[0 0 0 0]/V {size + 1} 0 R>>"
    out, places = bytearray(data), {}
    for number, body in ((root, b"<<" + found.group(1) + form.encode() + b">>"), (size, field.encode())):
        places[number] = len(out)
        out += f"{number} 0 obj\n".encode() + body + b"\nendobj\n"
    places[size + 1] = len(out)
    out += f"{size + 1} 0 obj\n<</Type/Sig/Filter/Adobe.PPKLite/SubFilter/adbe.pkcs7.detached/ByteRange [".encode()
    ranges = len(out)
    out += f"0 {0:010d} {0:010d} {0:010d}]/Contents ".encode()
    value = len(out)
    end = value + _ROOM + 2
    rest = b">>\nendobj\n"
    table = end + len(rest)
    rest += f"xref\n{root} 1\n{places[root]:010d} 00000 n \n{size} 2\n".encode()
    rest += f"{places[size]:010d} 00000 n \n{places[size + 1]:010d} 00000 n \n".encode()
    rest += f"trailer\n<</Size {size + 2}/Root {root} 0 R/Prev {before_table}>>\n".encode()
    rest += f"startxref\n{table}\n%%EOF\n".encode()
    spans = f"0 {value:010d} {end:010d} {len(rest):010d}".encode()
    out[ranges : ranges + len(spans)] = spans
    certificate, key = _signer()
    signature = (
        pkcs7.PKCS7SignatureBuilder()
        .set_data(bytes(out) + rest)
        .add_signer(certificate, key, hashes.SHA256())
        .sign(serialization.Encoding.DER, [pkcs7.PKCS7Options.DetachedSignature, pkcs7.PKCS7Options.Binary])
    )
    return bytes(out) + b"<" + signature.hex().encode().ljust(_ROOM, b"0") + b">" + rest


def signed_docx(
    data: bytes,
    document: bytes | None = None,
    more: dict[str, bytes] | None = None,
    replaced: dict[str, bytes] | None = None,
) -> bytes:
    """The Word file with a package signature; `document` takes the place of the text and `replaced` that of other
    parts, `more` are further parts."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            part = source.read(name)
            if name == "_rels/.rels":
                link = f'<Relationship Id="sig" Type="{_ORIGIN}" Target="_xmlsignatures/origin.sigs"/></Relationships>'
                part = part.replace(b"</Relationships>", link.encode())
            if name == "word/document.xml" and document is not None:
                part = document
            target.writestr(name, (replaced or {}).get(name, part))
        added = {"_xmlsignatures/origin.sigs": b"", "_xmlsignatures/sig1.xml": b"<Signature/>"} | (more or {})
        for name, part in added.items():
            target.writestr(name, part)
    return out.getvalue()


def sealed_ofd(code: str, *, signed: bool = True, text: str = "") -> bytes:
    """A small OFD whose page says the text, and the code in two pieces, as a layout program may cut it."""
    said = escape(text)
    page = f"<P><TextCode>{said} {code[:7]}</TextCode><TextCode>{code[7:]}</TextCode></P>"
    parts = {"OFD.xml": "<OFD/>", "Doc_0/Pages/Page_0/Content.xml": page}
    if signed:
        parts["Doc_0/Signs/Signatures.xml"] = (
            '<Signatures><Signature ID="1" BaseLoc="Sign_0/Signature.xml"/></Signatures>'
        )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    return out.getvalue()


def plain_pdf(text: bytes = b"page") -> bytes:
    """A PDF of one page that says `text`, for tests that do not wait for LibreOffice."""
    drawn = b"BT /F1 24 Tf 72 700 Td (%s) Tj ET" % text
    bodies = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<</Length %d>>\nstream\n%s\nendstream" % (len(drawn), drawn),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    out, places = b"%PDF-1.6\n", []
    for number, body in enumerate(bodies, start=1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    end = b"xref\n0 6\n0000000000 65535 f \n" + table + b"trailer\n<</Size 6/Root 1 0 R>>\n"
    return out + end + b"startxref\n%d\n%%%%EOF\n" % len(out)


def main() -> None:
    source, target = (Path(word) for word in sys.argv[1:3])
    data = source.read_bytes()
    target.write_bytes(signed_pdf(data) if data.startswith(b"%PDF") else signed_docx(data))


if __name__ == "__main__":
    main()
