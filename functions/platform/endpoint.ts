/** True for an address that a client can be given. `localhost:4566` is a URL as well, of a scheme `localhost:`. */
export function isHttpUrl(text: string): boolean {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);
}

/** True for an address of this machine: where commands find the local platform. False for what is no URL. */
export function isLoopback(url: string): boolean {
  return URL.canParse(url) && /^(127\.\d+\.\d+\.\d+|localhost|\[::1\])$/.test(new URL(url).hostname);
}

/** The local platform answers everything, the pages too, at one address; undefined for the address of AWS. */
export function localEndpoint(baseUrl: string | undefined): string | undefined {
  return baseUrl !== undefined && isLoopback(baseUrl) ? new URL(baseUrl).origin : undefined;
}
