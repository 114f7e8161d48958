"""Provider events: what the platform's endpoint stored of the signed webhook is read, each request once.

Earshot serves no web pages. The platform's endpoint answers the provider with 200 once it has stored the request, as it
came, where `EARSHOT_EVENTS` says: with `store_request`, or in any language as one JSON file per request,

    {"headers": {"X-Twilio-Email-Event-Webhook-Signature": "MEUCIQ...",
                 "X-Twilio-Email-Event-Webhook-Timestamp": "1791806400"},
     "body_base64": "W3siZW1haWwiOiJhbGV4..."}

The body is kept as its bytes, because the signature is about them. Other headers may stand beside the two.

Here: the names that other modules use. Each module's charter states what it holds.
"""

from __future__ import annotations

from reports.delivery.events.reading import EventReader, EventsRead
from reports.delivery.events.stored import StoredRequest, read_request, store_request

__all__ = ["EventReader", "EventsRead", "StoredRequest", "read_request", "store_request"]
