"""An Apache Kafka that speaks TLS only and asks for a password (SCRAM-SHA-512), with access rules.

In: a folder. Out: a broker, its CA, and users: `admin` may do everything, `lane01` nothing. Certificates are made anew
for each test and are good for 127.0.0.1 alone.
"""

from __future__ import annotations

import ipaddress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from tests.parts.kafka import KafkaBroker

PASSWORDS = {"admin": "quản-trị", "lane01": "làn-một"}
_SCRAM = "org.apache.kafka.common.security.scram.ScramLoginModule"


class SecureKafkaBroker(KafkaBroker):
    """`with SecureKafkaBroker(folder) as broker:`; `broker.secure_dsn(user)` is what a program is given."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.ca_file = folder / "ca.pem"
        self.other_ca_file = folder / "other-ca.pem"

    def secure_dsn(self, user: str, password: str | None = None, ca: Path | None = None) -> str:
        """A stream DSN of that user; `password` and `ca` may be wrong ones."""
        file = self._folder / f"{user}-{'own' if password is None else 'wrong'}.password"
        file.write_text(PASSWORDS[user] if password is None else password, encoding="utf-8")
        options = f"&security=sasl_ssl&user={user}&password_file={file}&ca={ca or self.ca_file}"
        return self.dsn("s.", options)

    def _format(self) -> None:
        _make_certificates(self._folder)
        super()._format()

    def _settings(self, text: str) -> str:
        text = text.replace("listeners=PLAINTEXT://", "listeners=SASL_SSL://")
        text = text.replace("map=PLAINTEXT:PLAINTEXT,", "map=SASL_SSL:SASL_SSL,")
        text = text.replace("listener.name=PLAINTEXT", "listener.name=SASL_SSL")
        login = f'{_SCRAM} required username="admin" password="{PASSWORDS["admin"]}";'
        return super()._settings(text) + (
            "sasl.enabled.mechanisms=SCRAM-SHA-512\n"
            "sasl.mechanism.inter.broker.protocol=SCRAM-SHA-512\n"
            f"listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config={login}\n"
            f"ssl.keystore.type=PEM\nssl.keystore.location={self._folder / 'broker.pem'}\n"
            f"ssl.truststore.type=PEM\nssl.truststore.location={self.ca_file}\n"
            "authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer\n"
            "super.users=User:admin;User:ANONYMOUS\n"  # ANONYMOUS: the controller's listener on loopback
            "allow.everyone.if.no.acl.found=false\n"
        )

    def _format_options(self) -> list[str]:
        users = [f"SCRAM-SHA-512=[name={name},password={password}]" for name, password in PASSWORDS.items()]
        return [option for user in users for option in ("--add-scram", user)]


def _make_certificates(folder: Path) -> None:
    """ca.pem; broker.pem with key, certificate and CA; other-ca.pem, which signed nothing here."""
    ca_key, ca = _authority("Thái Nguyên test CA")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    certificate = _builder(name, ca.subject, key).add_extension(address, critical=False).sign(ca_key, hashes.SHA256())
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    signed = ca.public_bytes(Encoding.PEM)
    (folder / "ca.pem").write_bytes(signed)
    (folder / "broker.pem").write_bytes(secret + certificate.public_bytes(Encoding.PEM) + signed)
    (folder / "other-ca.pem").write_bytes(_authority("Another CA")[1].public_bytes(Encoding.PEM))


def _authority(text: str) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])
    usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
    builder = _builder(name, name, key).add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    return key, builder.add_extension(usage, critical=True).sign(key, hashes.SHA256())


def _builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
    )
