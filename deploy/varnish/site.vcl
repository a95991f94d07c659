# Varnish as the cache before the site: pages for people who are not signed in, static files and pictures.
# Change the address of the site and the secret, which is the site's EDGE_PURGE_TOKEN. docs/edge.md tells more.
vcl 4.1;

import std;

backend site {
    .host = "127.0.0.1";
    .port = "8000";
    .probe = {
        .url = "/livez";
        .interval = 2s;
        .window = 3;
        .threshold = 2;
        .initial = 2;
    }
}

acl sites {
    "127.0.0.1";
}

sub vcl_recv {
    if (req.method == "PURGE") {
        if (client.ip !~ sites || req.http.Authorization != "Bearer THE-SECRET" || req.http.Cache-Tag !~ "^[A-Za-z0-9_,-]+$") {
            return (synth(403));
        }
        ban("obj.http.Cache-Tag ~ (^|,)(" + regsuball(req.http.Cache-Tag, ",", "|") + ")(,|$)");
        return (synth(200));
    }
    # While the site is well nobody sees what is older than this.
    if (std.healthy(req.backend_hint)) {
        set req.grace = 10s;
    }
    if (req.method != "GET" && req.method != "HEAD") {
        return (pass);
    }
    if (req.http.Authorization || req.http.Cookie ~ "(^|;\s*)((__Host-)?session|messages)=") {
        return (pass);
    }
    if (req.url ~ "^/(static|media/r)/") {
        unset req.http.Cookie;
        unset req.http.Accept-Language;
        return (hash);
    }
    if (req.url !~ "^/($|\?|items/|categories/|browse|search|menu)") {
        return (pass);
    }
    # Of all cookies only the language changes a page; and of what a browser likes only the first it likes best.
    if (req.http.Cookie ~ "(^|;\s*)django_language=(en|es)(;|$)") {
        set req.http.Cookie = "django_language=" + regsub(req.http.Cookie, "^(.*;\s*)?django_language=(en|es)(;.*)?$", "\2");
        unset req.http.Accept-Language;
    } else {
        unset req.http.Cookie;
        if (req.http.Accept-Language ~ "(?i)^(en|es)(-[a-z0-9-]+)?\s*(,|$)") {
            set req.http.Accept-Language = regsub(req.http.Accept-Language, "(?i)^(en|es).*$", "\1");
        }
    }
    return (hash);
}

sub vcl_backend_response {
    if (beresp.http.Cache-Control ~ "stale-if-error=") {
        set beresp.grace = std.duration(regsub(beresp.http.Cache-Control, ".*stale-if-error=(\d+).*", "\1s"), 0s);
    }
    if (beresp.http.Cache-Control ~ "(private|no-store|no-cache)" || beresp.http.Set-Cookie) {
        set beresp.uncacheable = true;
        set beresp.ttl = 0s;
    }
}

sub vcl_deliver {
    unset resp.http.Cache-Tag;
    if (obj.hits > 0) {
        set resp.http.X-Cache = "HIT";
    } else {
        set resp.http.X-Cache = "MISS";
    }
}
