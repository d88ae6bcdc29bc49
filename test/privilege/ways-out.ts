/** The ways out in one sentence: see src/preload/steps/failure.ts. */
export const waysOut = new RegExp(
  [
    "the build may not mount file systems, .*say --via=direct \\(LARDER_VIA=direct\\), which needs no privilege; .*--allow security\\.insecure .*",
    '\\{"builder":\\{"entitlements":\\{"security-insecure":true\\}\\}\\} in daemon\\.json; .*',
    'insecure-entitlements = \\["security\\.insecure"\\] in buildkitd\\.toml.*',
    "DOCKER_BUILDKIT_RUNC_COMMAND=sysbox-runc in dockerd's environment\\)$",
  ].join(""),
);
