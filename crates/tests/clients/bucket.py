"""An object store with locks (moto), which checks who asks and how it is signed. The first line that
it prints has a key that may write into the bucket; for each line that it reads it prints what the
bucket holds, and what becomes of an attempt to remove an object."""

import json
import os
import sys

# Making the bucket and whoever may write there needs no right; everything after that does.
SETUP = ["create_bucket", "create_user", "put_user_policy", "create_access_key"]
os.environ["INITIAL_NO_AUTH_ACTION_COUNT"] = str(len(SETUP))

import boto3
from botocore.exceptions import ClientError
from moto.server import ThreadedMotoServer

port = int(sys.argv[1])
server = ThreadedMotoServer(ip_address="127.0.0.1", port=port, verbose=False)
server.start()


def client(service, key="setup", secret="setup"):
    return boto3.client(
        service, endpoint_url=f"http://127.0.0.1:{port}", region_name="us-east-1",
        aws_access_key_id=key, aws_secret_access_key=secret,
    )


s3, iam = client("s3"), client("iam")
s3.create_bucket(Bucket="anchors", ObjectLockEnabledForBucket=True)
iam.create_user(UserName="weir")
iam.put_user_policy(UserName="weir", PolicyName="all", PolicyDocument=json.dumps({
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}],
}))
made = iam.create_access_key(UserName="weir")["AccessKey"]
print(json.dumps({"key": made["AccessKeyId"], "secret": made["SecretAccessKey"]}), flush=True)

s3 = client("s3", made["AccessKeyId"], made["SecretAccessKey"])
for _ in sys.stdin:
    found = []
    for one in s3.list_objects_v2(Bucket="anchors").get("Contents", []):
        got = s3.get_object(Bucket="anchors", Key=one["Key"])
        body = got["Body"].read().decode()
        try:
            s3.delete_object(Bucket="anchors", Key=one["Key"], VersionId=got["VersionId"])
            removed = "removed"
        except ClientError as error:
            removed = error.response["Error"]["Code"]
        found.append({
            "key": one["Key"],
            "body": body,
            "mode": got.get("ObjectLockMode"),
            "until": str(got.get("ObjectLockRetainUntilDate")),
            "removed": removed,
        })
    print(json.dumps(found), flush=True)
