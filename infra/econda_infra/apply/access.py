"""Roles and their policies, instance profiles."""

from __future__ import annotations

from econda_adapters.aws.clients import Clients

from econda_infra.apply.kind import Inputs, Kind, Made, put


def _create_role(clients: Clients, inputs: Inputs) -> Made:
    name = inputs["name"]
    answer = clients("iam").create_role(RoleName=name, AssumeRolePolicyDocument=inputs["assumeRolePolicy"])
    return Made(name, {"arn": answer["Role"]["Arn"]})


def _update_role(clients: Clients, made: Made, inputs: Inputs) -> Made:
    clients("iam").update_assume_role_policy(RoleName=made.id, PolicyDocument=inputs["assumeRolePolicy"])
    return made


def _delete_role(clients: Clients, made: Made) -> None:
    clients("iam").delete_role(RoleName=made.id)


def _policy(clients: Clients, inputs: Inputs) -> Made:
    role, name = inputs["role"], inputs["name"]
    clients("iam").put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=inputs["policy"])
    return Made(f"{role}:{name}", {})


def _delete_policy(clients: Clients, made: Made) -> None:
    role, _, name = made.id.partition(":")
    clients("iam").delete_role_policy(RoleName=role, PolicyName=name)


def _attach(clients: Clients, inputs: Inputs) -> Made:
    role, policy = inputs["role"], inputs["policyArn"]
    clients("iam").attach_role_policy(RoleName=role, PolicyArn=policy)
    return Made(f"{role}/{policy}", {})


def _detach(clients: Clients, made: Made) -> None:
    role, _, policy = made.id.partition("/")
    clients("iam").detach_role_policy(RoleName=role, PolicyArn=policy)


def _create_profile(clients: Clients, inputs: Inputs) -> Made:
    client, name, role = clients("iam"), inputs["name"], inputs["role"]
    arn = client.create_instance_profile(InstanceProfileName=name)["InstanceProfile"]["Arn"]
    client.add_role_to_instance_profile(InstanceProfileName=name, RoleName=role)
    return Made(name, {"arn": arn, "role": role})


def _delete_profile(clients: Clients, made: Made) -> None:
    client = clients("iam")
    client.remove_role_from_instance_profile(InstanceProfileName=made.id, RoleName=made.outputs["role"])
    client.delete_instance_profile(InstanceProfileName=made.id)


KINDS = {
    "aws:iam/role:Role": Kind(_create_role, _delete_role, _update_role),
    "aws:iam/rolePolicy:RolePolicy": put(_policy, _delete_policy),
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": Kind(_attach, _detach),
    "aws:iam/instanceProfile:InstanceProfile": Kind(_create_profile, _delete_profile),
}
