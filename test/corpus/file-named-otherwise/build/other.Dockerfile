# syntax=larder/dockerfile:1
FROM registry.test/busybox:1
COPY . /all/
WORKDIR relative
