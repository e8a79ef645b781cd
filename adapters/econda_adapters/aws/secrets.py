"""Secrets in AWS Secrets Manager, beside those that the machine itself knows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from econda_adapters.aws.clients import Clients
from econda_cloud.ports.secrets import LocalSecrets, SecretUnavailable, field_of, stand_in


class AwsSecrets:
    """Driver `aws_secrets`: `name`, perhaps `field` of a secret that is a JSON object. Others go to the machine.

    A secret is asked for once and then kept as long as this lives. The AWS client is made when first needed.
    """

    def __init__(self, clients: Clients, local: LocalSecrets | None = None) -> None:
        self._clients, self._local = clients, local or LocalSecrets()
        self._known: dict[str, str] = {}

    def get(self, reference: Mapping[str, Any]) -> str:
        if reference["driver"] != "aws_secrets":
            return self._local.get(reference)
        name = reference["name"]
        if (text := self._local.standing_in(name, reference.get("field"))) is not None:
            return text
        if name not in self._known:
            self._known[name] = self._fetch(name)
        return field_of(name, self._known[name], reference.get("field"))

    def _fetch(self, name: str) -> str:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            answer = self._clients("secretsmanager").get_secret_value(SecretId=name)
        except ClientError as error:
            why = error.response.get("Error", {}).get("Code", "refused")
            raise SecretUnavailable(f"the secret `{name}` of AWS Secrets Manager cannot be read: {why}") from None
        except BotoCoreError as error:
            raise SecretUnavailable(
                f"AWS Secrets Manager cannot be asked for `{name}`: {error} On this machine the environment variable "
                f"{stand_in(name)} may stand in for it"
            ) from None
        if "SecretString" not in answer:
            raise SecretUnavailable(f"the secret `{name}` of AWS Secrets Manager is not text")
        return answer["SecretString"]
