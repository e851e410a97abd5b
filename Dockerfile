# drill in a container: CPU torch, an ordinary user, the tested versions.
#
#   docker build -t drill .
#   docker run -it --rm -v ~/drill:/work drill list
#
# With a GPU: build with --build-arg TORCH_INDEX= (plain torch brings CUDA), then
#   docker run -it --rm --gpus all -v ~/drill:/work drill check --device cuda
#
# Docker's default seccomp profile forbids user namespaces, so the sandbox reaches the level `strict` there.
FROM python:3.12-slim

ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
RUN apt-get update \
 && apt-get install --yes --no-install-recommends nano \
 && rm -rf /var/lib/apt/lists/*

WORKDIR /src
COPY constraints.txt ./
RUN pip install --no-cache-dir -c constraints.txt ${TORCH_INDEX:+--index-url $TORCH_INDEX} torch
COPY pyproject.toml README.md LICENSE ./
COPY drill drill
COPY challenges challenges
COPY decks decks
RUN pip install --no-cache-dir -c constraints.txt . && rm -rf /src/*

# Workspace, database and config all live under /work, the directory to mount.
RUN useradd --create-home --uid 1000 drill && mkdir /work && chown drill /work
ENV DRILL_HOME=/work/.drill DRILL_WORKSPACE=/work EDITOR=nano
USER drill
WORKDIR /work
VOLUME /work
ENTRYPOINT ["drill"]
