"""Uses a Hub and its cache as Python does, for the tests of src/io/hub: prints what huggingface_hub finds, as JSON.

    python hub_cache.py download owner/name [revision]   fetches from $HF_ENDPOINT into $HF_HUB_CACHE
    python hub_cache.py read owner/name [revision]       takes from the cache alone
"""

import json
import sys

from huggingface_hub import scan_cache_dir, snapshot_download

command, repo_id, *rest = sys.argv[1:]
folder = snapshot_download(
    repo_id,
    revision=rest[0] if rest else None,
    local_files_only=command == "read",
    allow_patterns=["*.json", "*.safetensors"],
)
scan = scan_cache_dir()
json.dump(
    {
        "folder": folder,
        "warnings": [str(warning) for warning in scan.warnings],
        "bytes": scan.size_on_disk,
        "repos": [
            {
                "id": repo.repo_id,
                "bytes": repo.size_on_disk,
                "revisions": {
                    revision.commit_hash: {
                        "refs": sorted(revision.refs),
                        "files": sorted(file.file_name for file in revision.files),
                    }
                    for revision in repo.revisions
                },
            }
            for repo in scan.repos
        ],
    },
    sys.stdout,
)
