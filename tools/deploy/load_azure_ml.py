"""Reads an endpoint and its deployment as Azure's own command line does, without a network; prints as JSON what Azure would be asked for."""

import json
import sys

from azure.ai.ml import load_online_deployment, load_online_endpoint

endpoint = load_online_endpoint(sys.argv[1])
deployment = load_online_deployment(sys.argv[2])
settings = deployment.request_settings
print(
    json.dumps(
        {
            "endpoint": endpoint.name,
            "deploysTo": deployment.endpoint_name,
            "model": {"name": deployment.model.name, "version": deployment.model.version, "folder": deployment.model.path.name},
            "routes": deployment.environment._to_dict()["inference_config"],
            "concurrency": settings.max_concurrent_requests_per_instance,
            "timeoutMs": settings.request_timeout_ms,
        }
    )
)
