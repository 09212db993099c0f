"""A bill of materials of the running environment: CycloneDX 1.6, the same bytes for the same packages.

Source: https://cyclonedx.org/docs/1.6/json/; package URLs: https://github.com/package-url/purl-spec.
"""

import json
import uuid
from typing import Any
from urllib.parse import quote

from gateway._version import __version__
from gateway.supply_chain.installed import Installed

NAMESPACE = uuid.UUID("6ba7b811-9dad-11d1-80b4-00c04fd430c8")
"""The URL namespace of RFC 4122: the serial number is a function of the components."""


def purl(one: Installed) -> str:
    return f"pkg:pypi/{one.key}@{quote(one.version, safe='')}"


def bill_of_materials(packages: list[Installed]) -> dict[str, Any]:
    """Return the document for these packages."""
    references = {one.key: purl(one) for one in packages}
    components = [_component(one) for one in packages]
    root = f"gateway@{__version__}"
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(NAMESPACE, json.dumps(components))}",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": root,
                "name": "gateway",
                "version": __version__,
            }
        },
        "components": components,
        "dependencies": [{"ref": root, "dependsOn": sorted(references.values())}]
        + [
            {
                "ref": references[one.key],
                "dependsOn": sorted({references[need] for need in one.requires if need in references}),
            }
            for one in packages
        ],
    }


def _component(one: Installed) -> dict[str, Any]:
    component: dict[str, Any] = {
        "type": "library",
        "bom-ref": purl(one),
        "name": one.key,
        "version": one.version,
        "purl": purl(one),
    }
    return component | ({"licenses": [{"expression": one.licence}]} if one.licence else {})


def differences(earlier: Any, now: dict[str, Any]) -> list[str]:
    """Return what was added, removed and changed since an earlier document.

    Raises KeyError or TypeError when the earlier one is not CycloneDX.
    """
    old, new = (
        {component["name"]: component["version"] for component in document["components"]}
        for document in (earlier, now)
    )
    return [
        f"{name}: {old.get(name, 'absent')} -> {new.get(name, 'absent')}"
        for name in sorted(old.keys() | new.keys())
        if old.get(name) != new.get(name)
    ]
