import { BlockList, isIP } from "node:net";

/** Ranges that do not lead to the public internet: private, loopback, link-local (clouds' metadata too), shared, reserved, multicast. */
const IPV4: readonly [network: string, prefix: number][] = [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.88.99.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 4],
  ["240.0.0.0", 4],
];
/** Only 2000::/3 is given out to the public; of it, what carries IPv4 addresses or is for examples is refused. */
const PUBLIC_IPV6: [string, number] = ["2000::", 3];
const IPV6: readonly [network: string, prefix: number][] = [
  ["2001::", 23],
  ["2001:db8::", 32],
  ["2002::", 16],
  ["3fff::", 20],
];

const refused4 = new BlockList();
for (const [network, prefix] of IPV4) refused4.addSubnet(network, prefix, "ipv4");
const allowed6 = new BlockList();
allowed6.addSubnet(...PUBLIC_IPV6, "ipv6");
const refused6 = new BlockList();
for (const [network, prefix] of IPV6) refused6.addSubnet(network, prefix, "ipv6");

/** Whether an IP address leads to the public internet. */
export function isPublicAddress(address: string): boolean {
  const family = isIP(address);
  if (family === 4) return !refused4.check(address, "ipv4");
  return family === 6 && allowed6.check(address, "ipv6") && !refused6.check(address, "ipv6");
}
