"""The key file: owner-only, made once, kept whole, extended and never replaced. And the algorithms themselves."""

from __future__ import annotations

import json
import stat
import threading
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from models.sealing import KEY_BYTES, CipherName, Keyring, SealingKey, Unsealable, digest
from runtime.faults import StartFault
from runtime.keyring import add_key, create_key_file, load_keyring


def test_the_first_start_makes_a_file_only_its_owner_can_read(tmp_path: Path) -> None:
    path = tmp_path / "new" / "keyring.json"
    made = load_keyring(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert load_keyring(path) == made
    assert made.keys[made.current].cipher == "sm4-gcm"
    assert [entry.name for entry in path.parent.iterdir()] == ["keyring.json"]


def test_the_other_cipher_can_be_chosen(tmp_path: Path) -> None:
    made = load_keyring(tmp_path / "k.json", "aes-256-gcm")
    assert len(made.keys[made.current].material) == 32


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666, 0o620])
def test_a_file_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "keyring.json"
    load_keyring(path)
    path.chmod(mode)
    with pytest.raises(StartFault, match="chmod 600"):
        load_keyring(path)


def test_rotation_adds_a_key_and_keeps_what_the_old_one_sealed(tmp_path: Path) -> None:
    path = tmp_path / "keyring.json"
    before = load_keyring(path)
    sealed = before.seal_column("王小明", "person", "name", "1")
    added = add_key(path, "aes-256-gcm")
    after = load_keyring(path, "aes-256-gcm")
    assert after.current == added != before.current
    assert after.index_key == before.index_key
    assert after.open_column(sealed, "person", "name", "1") == "王小明"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(StartFault, match="keys add"):
        load_keyring(path, "sm4-gcm")


def test_many_first_starts_at_once_agree_on_one_file(tmp_path: Path) -> None:
    path = tmp_path / "keyring.json"
    seen: list[str] = []
    barrier = threading.Barrier(8)

    def start() -> None:
        barrier.wait()
        seen.append(load_keyring(path).current)

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 8
    assert set(seen) == {load_keyring(path).current}


def test_an_existing_file_is_never_replaced(tmp_path: Path) -> None:
    path = tmp_path / "keyring.json"
    first = load_keyring(path)
    create_key_file(path, "sm4-gcm", "production")
    assert load_keyring(path) == first


@pytest.mark.parametrize("change", ["half", "current", "short", "index"])
def test_a_damaged_file_is_refused_and_its_content_not_shown(tmp_path: Path, change: str) -> None:
    path = tmp_path / "keyring.json"
    load_keyring(path)
    content = json.loads(path.read_text())
    secret = content["keys"][0]["material"]
    if change == "current":
        content["current"] = "another"
    if change == "short":
        content["keys"][0]["material"] = "AAAA"
    if change == "index":
        content["index_key"] = "AAAA"
    text = json.dumps(content)
    path.write_text(text[: len(text) // 2] if change == "half" else text)
    with pytest.raises(StartFault) as fault:
        load_keyring(path)
    assert secret not in str(fault.value)


def test_production_makes_no_key_file_and_takes_none_from_a_demonstration(tmp_path: Path) -> None:
    path = tmp_path / "keyring.json"
    with pytest.raises(StartFault, match="keys new"):
        load_keyring(path, profile="production")
    load_keyring(path)
    with pytest.raises(StartFault, match="keys new"):
        load_keyring(path, profile="production")
    proper = tmp_path / "proper.json"
    create_key_file(proper, "sm4-gcm", "production")
    assert load_keyring(proper, profile="production").current


def test_key_material_is_not_shown_by_repr(tmp_path: Path) -> None:
    ring = load_keyring(tmp_path / "keyring.json")
    assert repr(ring.keys[ring.current].material) not in repr(ring)
    assert repr(ring.index_key) not in repr(ring)


def test_sm4_gcm_gives_the_vector_of_rfc_8998_a_1() -> None:
    key = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
    nonce = bytes.fromhex("00001234567800000000ABCD")
    extra = bytes.fromhex("FEEDFACEDEADBEEFFEEDFACEDEADBEEFABADDAD2")
    plain = bytes.fromhex(
        "AAAAAAAAAAAAAAAABBBBBBBBBBBBBBBBCCCCCCCCCCCCCCCCDDDDDDDDDDDDDDDDEEEEEEEEEEEEEEEEFFFFFFFFFFFFFFFFEEEEEEEEEEEEEEEEAAAAAAAAAAAAAAAA"
    )
    sealed = bytes.fromhex(
        "17F399F08C67D5EE19D0DC9969C4BB7D5FD46FD3756489069157B282BB200735"
        "D82710CA5C22F0CCFA7CBF93D496AC15A56834CBCF98C397B4024A2691233B8D"
    )
    tag = bytes.fromhex("83DE3541E4C2B58177E065A9BF7B62EC")
    encryptor = Cipher(algorithms.SM4(key), modes.GCM(nonce)).encryptor()
    encryptor.authenticate_additional_data(extra)
    assert encryptor.update(plain) + encryptor.finalize() == sealed
    assert encryptor.tag == tag
    # and ours opens it: nonce, ciphertext, tag in this order
    assert SealingKey("rfc", "sm4-gcm", key).open(nonce + sealed + tag, extra) == plain


def test_aes_256_gcm_gives_the_published_vector() -> None:
    """Test case 16 of McGrew and Viega, "The Galois/Counter Mode of Operation (GCM)", as NIST SP 800-38D cites it."""
    key = bytes.fromhex("feffe9928665731c6d6a8f9467308308" * 2)
    nonce = bytes.fromhex("cafebabefacedbaddecaf888")
    extra = bytes.fromhex("feedfacedeadbeeffeedfacedeadbeefabaddad2")
    plain = bytes.fromhex(
        "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
        "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39"
    )
    sealed = bytes.fromhex(
        "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
        "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"
    )
    tag = bytes.fromhex("76fc6ece0f4e1768cddf8853bb2d551b")
    ours = SealingKey("nist", "aes-256-gcm", key)
    assert ours.open(nonce + sealed + tag, extra) == plain
    for altered in (sealed[:-1] + b"\0", sealed):
        with pytest.raises(Unsealable):
            ours.open(nonce + altered + tag, extra + (b"" if altered != sealed else b"\0"))


@pytest.mark.parametrize("cipher", ["sm4-gcm", "aes-256-gcm"])
def test_no_nonce_is_used_twice_and_every_altered_byte_is_seen(cipher: CipherName) -> None:
    key = SealingKey("k", cipher, bytes(KEY_BYTES[cipher]))
    sealed = [key.seal(b"same", b"place") for _ in range(1000)]
    assert len({each[:12] for each in sealed}) == 1000
    for place in range(len(sealed[0])):
        altered = bytearray(sealed[0])
        altered[place] ^= 1
        with pytest.raises(Unsealable):
            key.open(bytes(altered), b"place")
    for short in range(28):
        with pytest.raises(Unsealable):
            key.open(sealed[0][:short], b"place")


def test_sm3_and_sha256_give_their_known_answers() -> None:
    assert digest(b"abc") == "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"
    assert digest(b"abc", "sha256") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_a_sealed_column_does_not_open_in_another_row_column_or_table() -> None:
    ring = Keyring({"k": SealingKey("k", "sm4-gcm", bytes(16))}, "k", bytes(32))
    sealed = ring.seal_column("11010519491231002X", "person", "identity_sealed", "1")
    for place in (
        ("person", "identity_sealed", "2"),
        ("person", "birth_sealed", "1"),
        ("officer", "identity_sealed", "1"),
    ):
        with pytest.raises(Unsealable):
            ring.open_column(sealed, *place)


def test_every_spelling_of_an_identity_number_has_one_index_and_needs_the_key() -> None:
    ring = Keyring({"k": SealingKey("k", "sm4-gcm", bytes(16))}, "k", bytes(32))
    other = Keyring(ring.keys, "k", bytes([1]) * 32)
    index = ring.blind_index("11010519491231002X")
    for spelt in (
        " １１０１０５１９４９１２３１００２ｘ ",
        "11010519491231002x",
        "\u300011010519491231002Ｘ",
        "1１010519491231002x",
    ):
        assert index == ring.blind_index(spelt)
    assert index != ring.blind_index("110105194912310021")
    assert index != other.blind_index("11010519491231002X")
