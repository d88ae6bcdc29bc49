/**
 * Tests that `npm test` leaves to `npm run test:all`. The first and the last version of a matrix stay, and of each kind of
 * engine and store some test.
 */
interface LeftOut {
  /** Fits the beginning of their full titles. */
  readonly titles: RegExp;
  /** For the one who reads the list. */
  readonly tests: string;
}

export const leftOut: readonly LeftOut[] = [
  {
    titles: /inner Docker (26\.1|28\.5), |inner Docker 29\.9, overlay2/,
    tests: "inner Docker as if pulled: 26.1 and 28.5, and 29.9 with overlay2",
  },
  {
    titles:
      /exact files: an inner image .* Docker (20\.10|26\.1|28\.5), (overlay2|containerd), in a system image from the engine with containerd/,
    tests: "exact files: Docker 20.10 to 28.5 in images from the engine with containerd",
  },
  {
    titles:
      /attach: (the data root|LARDER_ATTACH|a data root that an older system image used|a container that is started again|a data root that already holds images), Docker (28\.5 with containerd|29\.9 with overlay2)/,
    tests: "attach: Docker 28.5 with containerd, 29.9 with overlay2",
  },
  {
    titles:
      /attach: a data root that was copied (containerd|overlay2 (by a tool that (knows no|follows) links|by modes))/,
    tests:
      "attach: copies of a data root with containerd, and three ways to lose something in one with overlay2",
  },
  {
    titles:
      /attach: (killed in the middle, overlay2|killed while it removes|20 containers from one image, (Docker, containerd|containerd))/,
    tests:
      "attach: killed in the middle with overlay2, and while it removes images; 20 containers with containerd",
  },
  {
    titles:
      /attach: (a system image inside a system image |a data root that an older system image used, Docker 28\.5 with overlay2|LARDER_ATTACH, Docker 29\.9)/,
    tests: "attach: a nested system; newer and older images with overlay2; LARDER_ATTACH on Docker 29.9",
  },
  {
    titles: /the cache that another builder exports .*(inline|local)|SOURCE_DATE_EPOCH .*\(graph\)/,
    tests: "caches in the image and in a folder; SOURCE_DATE_EPOCH on the engine with graph drivers",
  },
  {
    titles:
      /sysbox: a builder with sysbox-runc, (containerd (docker-containerd|docker29|docker29-overlay2|systemd)|graph \S+): /,
    tests: "sysbox: builds of all but overlay2 and containerd, and all by the engine with graph drivers",
  },
  {
    titles: /sysbox: a container of the engine ("graph"|"containerd" .*: (docker-)?containerd)/,
    tests: "sysbox: containers that are committed, but Docker's with overlay2 on the engine with containerd",
  },
  {
    titles: /sysbox: a system container of the engine "containerd", Docker (28\.5|29\.9 with overlay2)/,
    tests: "sysbox: system containers of Docker 28.5, and of 29.9 with overlay2",
  },
  {
    titles:
      /the corpus (error-(?!run-|missing-|mount-|onbuild|several)|warning-(?!undefined|set-by|of-several)|(arg|cmd|copy|directive|file|from|run)-(?!from-scratch|link|named|mount))/,
    tests: "corpus: most files without PRELOAD",
  },
  {
    // The lane of the buildkitd has them.
    titles: /the corpus preload-(?!and-|everything|image-of|in-|removes|several)/,
    tests: "corpus: files whose PRELOAD stands in a build without errors and warnings",
  },
  {
    titles: /PRELOAD --from= of a stage, graph/,
    tests: "PRELOAD --from=stage on the engine with graph drivers",
  },
  {
    titles:
      /the corpus, on graph drivers|the result of a build, graph|outputs \(graph\)|docker buildx bake .*\(graph\)|larder .* (with graph drivers|\(graph\))$/,
    tests: "corpus, results, outputs, bake and larder inspect on the engine with graph drivers",
  },
  {
    titles: /errors: the shelf of a base image .*(\(overlay2\)|the store is overlay2)/,
    tests: "the shelf of a base image, with overlay2",
  },
  {
    titles: /a list of 300 images|an image of 120 layers that delete something .*\(containerd\)/,
    tests: "300 images; 120 layers with containerd",
  },
  {
    titles: /errors: .* (a Helm chart|an unknown repository|may be behind a proxy that does not answer)$/,
    tests: "errors that registries are slow to tell",
  },
  {
    titles: /starts: a Docker that comes after PRELOAD Docker 28\.5/,
    tests: "a Docker that comes after PRELOAD: 28.5",
  },
  {
    titles: /a stage of 84 layers, .* \((graph; .*|containerd; the inner store is overlay2)\)/,
    tests: "the limit of layers: three of four kinds of engine and store",
  },
  {
    titles:
      /sharing: an inner layer is the same .* (in a system image with Docker 20\.10|by that engine again|built again without the cache|preloaded together)/,
    tests: "sharing: Docker 20.10, other images beside, twice by an engine",
  },
  {
    titles: /sharing: several PRELOADs (.* \(graph\)|the set of layers alone)/,
    tests: "sharing: several PRELOADs by the engine with graph drivers, and the set that shares",
  },
  {
    titles:
      /sharing: across the two kinds of store .* (the containerd of Docker 28\.5|\(docker\)|\(docker29\))/,
    tests: "sharing: the two stores of Docker 28.5, a second PRELOAD on Docker 29.9",
  },
  {
    titles: /examples (dind: |dind \(graph\): )/,
    tests: "examples: Docker in Docker with Debian's newest Docker, and with a graph driver",
  },
  {
    titles: /examples: gitlab, Docker (28\.5|29\.9 the job without TLS$)/,
    tests: "examples: the GitLab job with Docker 28.5, and with Docker 29.9 where it waits before it listens",
  },
  {
    titles:
      /CRI: containerd 1\.7|Kubernetes: images in the namespace k8s\.io of containerd 1\.[67]|containerd 1\.7 /,
    tests: "containerd 1.7; Kubernetes on containerd 1.6 and 1.7",
  },
  {
    titles: /kubelet: |kind: |examples (kubernetes-(node|cluster)|kind): is built/,
    tests: "a kubelet, a cluster and kind, which take minutes to build",
  },
  {
    titles: /both ways give the same for (Docker (26\.1|28\.5), |Docker 29\.9, overlay2|containerd 1\.)/,
    tests: "both ways: Docker 26.1 and 28.5, Docker 29.9 with overlay2, containerd 1.6 and 1.7",
  },
  {
    titles:
      /larder commit(, (docker-containerd|containerd)( \(\w+\))?: |, overlay2 \(graph\): |, \w+(-\w+)? \(\w+\): under sysbox|, Docker (20|29)\.\d+: | says what is wrong)/,
    tests:
      "larder commit: containerd in its two forms, Docker 20.10 and 29.9, sysbox-runc, and what it refuses",
  },
  {
    titles:
      /larder verify finds no fault in an (OCI layout of an image of \w+ (by|for|without|with) |image of a registry)/,
    tests: "larder verify: the daemon way, Kubernetes, shared outer layers, registries",
  },
  {
    titles: /(generated|unusual) layers come out as (Docker, containerd|containerd) unpack/,
    tests: "generated and unusual layers: the two stores of containerd",
  },
  {
    titles: /inner Docker (28\.5: one image for both of its stores|29\.9: one image for .* --feature)/,
    tests: "one image for both stores: Docker 28.5, and the option --feature of 29.9",
  },
  {
    titles: /Podman 4\.3: |a store that Podman 5\.8 has used (LARDER_ATTACH|another system image)/,
    tests: "Podman 4.3; copies of layers, and volumes of another system image, for 5.8",
  },
];

/** The same for the lane of the buildkitd. */
export const leftOutOnBuildkitd: readonly LeftOut[] = [
  {
    // The other lane has them.
    titles: /the corpus (?!onbuild|preload-(?!and-|everything|image-of|in-|removes|several))/,
    tests: "corpus on a buildkitd: files without PRELOAD, with errors and warnings, and some others",
  },
  {
    titles:
      /sharing: |errors: |the language|lists of images|a stage without PRELOAD|platforms|a system image for two platforms|exact files: |privilege: |docker buildx bake/,
    tests: "on a buildkitd: sharing, errors, language, lists, platforms, files",
  },
  {
    titles: /two builders and one registry (an image more|below PRELOAD|another registry)/,
    tests: "two builders: an exported cache again, RUN and COPY below PRELOAD, another registry",
  },
];

/** For mocha's `--grep`, with `--invert`. */
export function patternOf(list: readonly LeftOut[]): string {
  return `^(?:${list.map(({ titles }) => titles.source).join("|")})`;
}
