"""The bucket and the table, and the notifications of uploads."""

from __future__ import annotations

import pulumi
from econda_adapters.aws.dynamodb_log import EXPIRES
from econda_adapters.aws.stack import POOLS_KEY, TeamPools, encode_pools
from pulumi_aws import dynamodb, s3, sqs

from econda_infra import names, policies
from econda_infra.lifecycle import rules
from econda_infra.settings import Settings

UPLOADS = "uploads/"


class Storage(pulumi.ComponentResource):
    """`log` and `seq` are the keys of `econda_adapters.aws.dynamodb_log`."""

    def __init__(self, settings: Settings, pools: TeamPools, uploads: sqs.Queue, parent: pulumi.Resource) -> None:
        name = names.named(settings.team, "storage")
        super().__init__("econda:aws:Storage", name, None, pulumi.ResourceOptions(parent=parent))
        self._inside = pulumi.ResourceOptions(parent=self)
        self.bucket = self._bucket(settings)
        self._notify(settings, uploads)
        self._table(settings)
        s3.BucketObject(
            names.named(settings.team, "pools"),
            bucket=self.bucket.bucket,
            key=POOLS_KEY,
            content=encode_pools(pools).decode(),
            content_type="application/json",
            opts=self._inside,
        )
        self.register_outputs({"bucket": self.bucket.bucket, "table": self.table.name})

    def _bucket(self, settings: Settings) -> s3.Bucket:
        name = names.named(settings.team, "bucket")
        bucket = s3.Bucket(name, bucket=names.bucket(settings.team, settings.account), opts=self._inside)
        # A new upload under an old name is a run of its own: the version tells them apart.
        versioning = s3.BucketVersioning(
            name, bucket=bucket.bucket, versioning_configuration={"status": "Enabled"}, opts=self._inside
        )
        s3.BucketLifecycleConfiguration(
            name,
            bucket=bucket.bucket,
            rules=rules(settings.retention),
            # Rules about versions are taken only by a bucket that has some.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[versioning]),
        )
        s3.BucketPublicAccessBlock(
            name,
            bucket=bucket.bucket,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=self._inside,
        )
        return bucket

    def _notify(self, settings: Settings, uploads: sqs.Queue) -> None:
        name = names.named(settings.team, "uploads")
        arns = pulumi.Output.all(queue_arn=uploads.arn, bucket_arn=self.bucket.arn)
        statement = arns.apply(lambda known: policies.takes_notifications(**known, account=settings.account))
        policy = sqs.QueuePolicy(
            name,
            queue_url=uploads.url,
            policy=statement.apply(lambda known: policies.document([known])),
            opts=self._inside,
        )
        s3.BucketNotification(
            name,
            bucket=self.bucket.bucket,
            queues=[{"queue_arn": uploads.arn, "events": ["s3:ObjectCreated:*"], "filter_prefix": UPLOADS}],
            # S3 tries the queue when the notification is configured.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[policy]),
        )

    def _table(self, settings: Settings) -> None:
        name = names.named(settings.team, "log")
        self.table = dynamodb.Table(
            name,
            name=name,
            billing_mode="PAY_PER_REQUEST",
            hash_key="log",
            range_key="seq",
            attributes=[{"name": "log", "type": "S"}, {"name": "seq", "type": "N"}],
            ttl={"attribute_name": EXPIRES, "enabled": True},
            point_in_time_recovery={"enabled": True},
            deletion_protection_enabled=settings.protected,
            opts=self._inside,
        )
