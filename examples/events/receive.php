<?php
// Receives the gateway's events. PHP 8.1 or newer, standard library alone. README.md says how to run it.
declare(strict_types=1);

const TOLERANCE_S = 5 * 60;

// The gateway tries again after a 500. Set first, because PHP may answer an uncaught error with 200.
http_response_code(500);
http_response_code(receive());

function receive(): int
{
    // Two while the secret rotates, separated by a comma.
    $keys = array_map(readKey(...), explode(',', (string) getenv('EVENTS_SECRET')));
    $body = file_get_contents('php://input');
    $id = $_SERVER['HTTP_WEBHOOK_ID'] ?? '';
    $timestamp = $_SERVER['HTTP_WEBHOOK_TIMESTAMP'] ?? '';
    $signatures = $_SERVER['HTTP_WEBHOOK_SIGNATURE'] ?? '';
    $problem = findProblem($keys, $id, $timestamp, $signatures, $body);
    if ($problem !== null) {
        error_log("refused: $problem");
        return 401;
    }
    $isNew = store(getenv('EVENTS_FOLDER') ?: 'events', $id, $body);
    $type = json_decode($body, true, flags: JSON_THROW_ON_ERROR)['type'];
    error_log("$id $type " . ($isNew ? 'stored' : 'seen'));
    return 204;
}

function readKey(string $secret): string
{
    if (!preg_match('~^\s*whsec_([A-Za-z0-9+/]{32,}={0,2})\s*$~D', $secret, $parts)) {
        throw new RuntimeException('EVENTS_SECRET: expected whsec_ and base64, as the gateway has it');
    }
    return base64_decode($parts[1]);
}

/**
 * Why the request is refused; null if it is accepted. The id becomes a file's name, so its form is checked too.
 * `$body` is the bytes as they came, before any parsing.
 */
function findProblem(array $keys, string $id, string $timestamp, string $signatures, string $body): ?string
{
    if (!preg_match('/^[A-Za-z0-9_-]{1,64}$/D', $id)) {
        return 'webhook-id is missing or malformed';
    }
    if (!preg_match('/^[0-9]{1,12}$/D', $timestamp)) {
        return 'webhook-timestamp is missing or malformed';
    }
    if (abs(time() - (int) $timestamp) > TOLERANCE_S) {
        return 'webhook-timestamp is more than 5 minutes off';
    }
    foreach ($keys as $key) {
        $expected = 'v1,' . base64_encode(hash_hmac('sha256', "$id.$timestamp.$body", $key, true));
        foreach (explode(' ', $signatures) as $signature) {
            if (hash_equals($expected, $signature)) {
                return null;
            }
        }
    }
    return 'no signature fits the body and EVENTS_SECRET';
}

/** False if it is stored already. The name appears once the file is complete, so that a crash leaves no half event. */
function store(string $folder, string $id, string $body): bool
{
    if (!is_dir($folder)) {
        @mkdir($folder, 0700, true);
    }
    $draft = tempnam($folder, 'new');
    try {
        $file = fopen($draft, 'w');
        if (fwrite($file, $body) !== strlen($body) || !fsync($file)) {
            throw new RuntimeException('the event could not be written');
        }
        if (@link($draft, "$folder/$id.json")) {
            return true;
        }
        if (!file_exists("$folder/$id.json")) {
            throw new RuntimeException('the event could not be stored');
        }
        return false;
    } finally {
        unlink($draft);
    }
}
