/** Whether a path belongs to the present API, and not to the compatible one. */
export function isV2(path: string, urlPrefix: string): boolean {
  return path.startsWith(`${urlPrefix}/api/v2/`) || path === `${urlPrefix}/api/v2`;
}
