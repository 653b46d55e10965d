"""Statistical checks: closed forms, moments, published figures."""
