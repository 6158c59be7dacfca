/** Ways to write an address that a careless reader lets pass, each of which a careless client connects to. The port is the traps'. */
export function addressForms(port: number, local: string): string[] {
  const hosts = [
    // 127.0.0.2 to 127.0.0.9, where the traps are, as libraries of C read them.
    '127.0.0.2', '2130706434', '0177.0.0.2', '017700000002', '0x7f.0.0.2', '0x7f000002', '0x7f.2', '127.2', '127.0.2', '00127.0.0.2', '127.0.0.02', '0x7F.0x0.0x0.0x2', '0177.0.2', '127.0x2',
    '127.0.0.3', '127.0.0.4', '127.0.0.5', '127.0.0.6', '127.0.0.7', '127.0.0.8', '127.0.0.9', '127.0.0.1', '127.1', '0', '0.0.0.0', '0x0', 'localhost', 'LOCALHOST', 'localhost.', 'a.localhost',
    // In other clothes.
    '①②⑦.⓪.⓪.②', '127。0。0。2', '１２７.0.0.2', '127%2e0%2e0%2e2', '%31%32%37.0.0.2',
    '[::1]', '[0:0:0:0:0:0:0:1]', '[::]', '[::ffff:127.0.0.2]', '[::ffff:7f00:2]', '[0:0:0:0:0:ffff:7f00:0002]', '[::127.0.0.2]', '[64:ff9b::7f00:2]', '[2002:7f00:2::]', '[::1%25lo]',
    // Link-local, unique local, private and shared addresses, and metadata services of clouds: nothing listens there here, so the attempt counts.
    '169.254.169.254', '2852039166', '0xa9fea9fe', '0251.0376.0251.0376', '[::ffff:169.254.169.254]', '[fe80::1]', '[fd00::1]', '[fd00:ec2::254]', '[fc00::1]', '10.0.0.1', '172.16.0.1', '192.168.0.1', '100.64.0.1', '100.100.100.200', '198.18.0.1', '224.0.0.1', '255.255.255.255',
    // Names that answer another address each time they are asked, or an address within.
    'rebind.test', '7f000002.a9fea9fe.rebind.test', '127.0.0.2.wildcard.test', 'metadata.internal',
  ] // prettier-ignore
  const plain = hosts.flatMap((host) => [`http://${host}:${port}/`, `https://${host}:${port}/`])
  const unusual = [
    `//127.0.0.2:${port}/`, `127.0.0.2:${port}`, `http:127.0.0.2:${port}`, `http:/127.0.0.2:${port}`, `http:\\\\127.0.0.2:${port}`, `http://a@127.0.0.2:${port}/`, `http://example.com@127.0.0.2:${port}/`,
    `http://127.0.0.2:${port}#@example.com/`, `http://example.com\\@127.0.0.2:${port}/`, `http://127.0.0.2\t:${port}/`, ` http://127.0.0.2:${port}/`, `gopher://127.0.0.2:${port}/_x`, `ftp://127.0.0.2:${port}/`,
    `ws://127.0.0.2:${port}/`, `dict://127.0.0.2:${port}/`, `ldap://127.0.0.2:${port}/`, `file://127.0.0.2/etc/passwd`, `unix:/tmp/x:/`, `${local}/redirect?to=http://127.0.0.2:${port}/`,
  ] // prettier-ignore
  return [...plain, ...unusual]
}
