# syntax=larder/dockerfile:1
FROM registry.test/system
PRELOAD registry.test/busybox:1
COPY . /all/
