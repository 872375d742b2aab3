# The course in a container, for CPUs. Build it, and run it with a volume that keeps your work:
#   docker build -t gan-edu .
#   docker run --rm -p 127.0.0.1:8888:8888 -v gan-edu:/work gan-edu
# and open the address with 127.0.0.1 that it prints.
FROM python:3.12-slim

COPY . /course
RUN cd /course \
    && pip install --no-cache-dir --no-deps --index-url https://download.pytorch.org/whl/cpu "$(grep '^torch==' constraints.txt)" \
    && pip install --no-cache-dir --constraint constraints.txt . \
    && useradd --create-home learner \
    && mkdir /work \
    && chown learner /work

USER learner
# Progress is kept in the volume, too.
ENV GAN_EDU_STATE=/work/.progress
VOLUME /work
WORKDIR /work
EXPOSE 8888
CMD ["gan-edu", "open", "/work", "--no-browser", "--ip=0.0.0.0", "--port=8888"]
