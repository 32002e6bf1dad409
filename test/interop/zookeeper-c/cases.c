/*
 * ZooKeeper's C client against a coordinator: one case a run, as support/client-cases.ts describes.
 *
 *     cases CASE DIRECT PROXIED
 *
 * Every case works below a path of its own and aborts where it finds something else than it should.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <zookeeper/zookeeper.h>

#define THAT(holds) that(holds, #holds, __LINE__)
#define IS(call, code) is(call, code, #call, __LINE__)
#define OK(call) IS(call, ZOK)

enum { WAIT_S = 30, EVENTS_MAX = 64, PATH_MAX_LENGTH = 512 };

static const char *direct, *proxied;
static char root[128];
static struct ACL_vector *everyone = &ZOO_OPEN_ACL_UNSAFE;

static void that(int holds, const char *what, int line) {
  if (holds) return;
  fprintf(stderr, "cases.c:%d: not so: %s\n", line, what);
  exit(1);
}

static void is(int got, int wanted, const char *what, int line) {
  if (got == wanted) return;
  fprintf(stderr, "cases.c:%d: %s gave %d (%s), expected %d\n", line, what, got, zerror(got), wanted);
  exit(1);
}

/* Has the test do something to the line or the server, and waits until it is done. */
static void ask(const char *wish) {
  char answer[16];
  printf("@%s\n", wish);
  fflush(stdout);
  THAT(fgets(answer, sizeof answer, stdin) != NULL);
}

/* `root` and what follows. The result lives until the eighth call from now. */
static const char *below(const char *name) {
  static char paths[8][PATH_MAX_LENGTH];
  static int next;
  char *path = paths[next++ % 8];
  snprintf(path, PATH_MAX_LENGTH, "%s%s", root, name);
  return path;
}

/* What a client hears: watch events in their order, and the state of its session. */
struct ears {
  pthread_mutex_t lock;
  pthread_cond_t heard;
  int count, connected, expired;
  struct {
    int type;
    char path[PATH_MAX_LENGTH];
  } events[EVENTS_MAX];
};

static void listen_to(zhandle_t *zh, int type, int state, const char *path, void *context) {
  struct ears *ears = context;
  (void)zh;
  pthread_mutex_lock(&ears->lock);
  if (type == ZOO_SESSION_EVENT) {
    if (state == ZOO_CONNECTED_STATE) ears->connected++;
    if (state == ZOO_EXPIRED_SESSION_STATE) ears->expired = 1;
  } else if (ears->count < EVENTS_MAX) {
    ears->events[ears->count].type = type;
    snprintf(ears->events[ears->count].path, PATH_MAX_LENGTH, "%s", path);
    ears->count++;
  }
  pthread_cond_broadcast(&ears->heard);
  pthread_mutex_unlock(&ears->lock);
}

/* Waits until there were so many events and connections, and an expiry if that is wanted. */
static void hear(struct ears *ears, int events, int connected, int expired) {
  struct timespec deadline;
  clock_gettime(CLOCK_REALTIME, &deadline);
  deadline.tv_sec += WAIT_S;
  pthread_mutex_lock(&ears->lock);
  while (ears->count < events || ears->connected < connected || ears->expired < expired) {
    THAT(pthread_cond_timedwait(&ears->heard, &ears->lock, &deadline) == 0);
  }
  pthread_mutex_unlock(&ears->lock);
}

static void heard(struct ears *ears, int index, int type, const char *path) {
  hear(ears, index + 1, 0, 0);
  IS(ears->events[index].type, type);
  THAT(strcmp(ears->events[index].path, path) == 0);
}

static zhandle_t *client(const char *server, int timeout_ms, struct ears **ears) {
  struct ears *own = calloc(1, sizeof *own);
  pthread_mutex_init(&own->lock, NULL);
  pthread_cond_init(&own->heard, NULL);
  zhandle_t *zh = zookeeper_init(server, listen_to, timeout_ms, NULL, own, 0);
  THAT(zh != NULL);
  hear(own, 0, 1, 0);
  if (ears != NULL) *ears = own;
  return zh;
}

static void create(zhandle_t *zh, const char *path, const char *data, int mode) {
  OK(zoo_create(zh, path, data, (int)strlen(data), everyone, mode, NULL, 0));
}

static void holds(zhandle_t *zh, const char *path, const char *wanted) {
  char data[64] = {0};
  int length = sizeof data;
  OK(zoo_get(zh, path, 0, data, &length, NULL));
  THAT(length == (int)strlen(wanted) && memcmp(data, wanted, length) == 0);
}

static void nodes(void) {
  zhandle_t *zh = client(direct, 10000, NULL);
  struct Stat stat;
  struct String_vector names;
  char name[PATH_MAX_LENGTH];
  create(zh, root, "top", ZOO_PERSISTENT);
  IS(zoo_create(zh, root, "", 0, everyone, ZOO_PERSISTENT, NULL, 0), ZNODEEXISTS);
  IS(zoo_create(zh, below("/a/b"), "", 0, everyone, ZOO_PERSISTENT, NULL, 0), ZNONODE);
  create(zh, below("/e"), "", ZOO_EPHEMERAL);
  IS(zoo_create(zh, below("/e/x"), "", 0, everyone, ZOO_PERSISTENT, NULL, 0), ZNOCHILDRENFOREPHEMERALS);
  OK(zoo_create(zh, below("/s-"), "", 0, everyone, ZOO_PERSISTENT_SEQUENTIAL, name, sizeof name));
  THAT(strcmp(name, below("/s-0000000001")) == 0);
  OK(zoo_create2(zh, below("/es-"), "12345", 5, everyone, ZOO_EPHEMERAL_SEQUENTIAL, name, sizeof name, &stat));
  THAT(strcmp(name, below("/es-0000000002")) == 0 && stat.dataLength == 5);
  THAT(stat.ephemeralOwner == zoo_client_id(zh)->client_id);
  OK(zoo_exists(zh, root, 0, &stat));
  THAT(stat.version == 0 && stat.cversion == 3 && stat.numChildren == 3);
  holds(zh, root, "top");
  OK(zoo_set2(zh, root, "new", 3, 0, &stat));
  IS(stat.version, 1);
  IS(zoo_set(zh, root, "old", 3, 0), ZBADVERSION);
  IS(zoo_exists(zh, below("/no"), 0, &stat), ZNONODE);
  OK(zoo_get_children2(zh, root, 0, &names, &stat));
  IS(names.count, 3);
  deallocate_String_vector(&names);
  IS(zoo_delete(zh, root, -1), ZNOTEMPTY);
  IS(zoo_delete(zh, below("/e"), 7), ZBADVERSION);
  OK(zoo_delete(zh, below("/e"), 0));
  OK(zoo_set(zh, root, NULL, -1, -1)); /* no data at all */
  OK(zoo_exists(zh, root, 0, &stat));
  IS(stat.dataLength, 0);
  OK(zookeeper_close(zh));
}

static void container_and_ttl(void) {
  struct ears *ears;
  zhandle_t *zh = client(direct, 10000, &ears);
  create(zh, root, "", ZOO_PERSISTENT);
  create(zh, below("/box"), "x", ZOO_CONTAINER);
  create(zh, below("/box/in"), "", ZOO_PERSISTENT);
  OK(zoo_wexists(zh, below("/box"), listen_to, ears, NULL));
  OK(zoo_delete(zh, below("/box/in"), -1));
  heard(ears, 0, ZOO_DELETED_EVENT, below("/box"));
  OK(zoo_create_ttl(zh, below("/ttl"), "x", 1, everyone, ZOO_PERSISTENT_WITH_TTL, 300, NULL, 0));
  OK(zoo_wexists(zh, below("/ttl"), listen_to, ears, NULL));
  heard(ears, 1, ZOO_DELETED_EVENT, below("/ttl"));
  OK(zoo_create_ttl(zh, below("/s-"), "x", 1, everyone, ZOO_PERSISTENT_SEQUENTIAL_WITH_TTL, 3600000, NULL, 0));
  OK(zookeeper_close(zh));
}

static void watches(void) {
  struct ears *ears;
  zhandle_t *zh = client(direct, 10000, &ears), *other = client(direct, 10000, NULL);
  struct String_vector names;
  char data[8];
  int length = sizeof data;
  create(other, root, "0", ZOO_PERSISTENT);
  OK(zoo_wget(zh, root, listen_to, ears, data, &length, NULL));
  OK(zoo_set(other, root, "1", 1, -1));
  heard(ears, 0, ZOO_CHANGED_EVENT, root);
  OK(zoo_wget_children(zh, root, listen_to, ears, &names));
  IS(zoo_wexists(zh, below("/x"), listen_to, ears, NULL), ZNONODE);
  create(other, below("/x"), "", ZOO_PERSISTENT);
  heard(ears, 1, ZOO_CREATED_EVENT, below("/x"));
  heard(ears, 2, ZOO_CHILD_EVENT, root);
  OK(zoo_wexists(zh, below("/x"), listen_to, ears, NULL));
  OK(zoo_delete(other, below("/x"), -1));
  heard(ears, 3, ZOO_DELETED_EVENT, below("/x"));
  /* One that is taken away is not heard any more. */
  OK(zoo_wget_children(zh, root, listen_to, ears, &names));
  OK(zoo_remove_watches(zh, root, ZWATCHTYPE_CHILD, listen_to, ears, 0));
  IS(zoo_remove_watches(zh, root, ZWATCHTYPE_CHILD, listen_to, ears, 0), ZNOWATCHER);
  create(other, below("/y"), "", ZOO_PERSISTENT);
  IS(zoo_wexists(zh, below("/z"), listen_to, ears, NULL), ZNONODE);
  create(other, below("/z"), "", ZOO_PERSISTENT);
  heard(ears, 4, ZOO_CREATED_EVENT, below("/z"));
  OK(zookeeper_close(other));
  OK(zookeeper_close(zh));
}

static void multi(void) {
  zhandle_t *zh = client(direct, 10000, NULL);
  zoo_op_t ops[4];
  zoo_op_result_t results[4];
  char made[PATH_MAX_LENGTH], name[PATH_MAX_LENGTH];
  struct Stat stat;
  zoo_create_op_init(&ops[0], root, "1", 1, everyone, ZOO_PERSISTENT, made, sizeof made);
  zoo_create_op_init(&ops[1], below("/s-"), "", 0, everyone, ZOO_PERSISTENT_SEQUENTIAL, name, sizeof name);
  zoo_set_op_init(&ops[2], root, "2", 1, 0, &stat);
  zoo_check_op_init(&ops[3], root, 1);
  OK(zoo_multi(zh, 4, ops, results));
  THAT(strcmp(name, below("/s-0000000000")) == 0 && stat.version == 1);
  zoo_delete_op_init(&ops[0], below("/s-0000000000"), -1);
  zoo_check_op_init(&ops[1], root, 9);
  zoo_delete_op_init(&ops[2], root, -1);
  IS(zoo_multi(zh, 3, ops, results), ZBADVERSION);
  IS(results[0].err, ZOK);
  IS(results[1].err, ZBADVERSION);
  IS(results[2].err, ZRUNTIMEINCONSISTENCY);
  OK(zoo_exists(zh, below("/s-0000000000"), 0, NULL));
  OK(zookeeper_close(zh));
}

struct answer {
  pthread_mutex_t lock;
  pthread_cond_t came;
  int count, failures;
};

static void count_answer(int code, const char *value, const void *context) {
  struct answer *answer = (struct answer *)context;
  (void)value;
  pthread_mutex_lock(&answer->lock);
  answer->count++;
  if (code != ZOK) answer->failures++;
  pthread_cond_broadcast(&answer->came);
  pthread_mutex_unlock(&answer->lock);
}

static void many_at_once(void) {
  zhandle_t *zh = client(direct, 10000, NULL);
  struct answer answer = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, 0};
  struct String_vector names;
  create(zh, root, "", ZOO_PERSISTENT);
  for (int i = 0; i < 1000; i++) {
    char path[PATH_MAX_LENGTH];
    snprintf(path, sizeof path, "%s/%04d", root, i);
    OK(zoo_acreate(zh, path, "x", 1, everyone, ZOO_PERSISTENT, count_answer, &answer));
  }
  pthread_mutex_lock(&answer.lock);
  while (answer.count < 1000) pthread_cond_wait(&answer.came, &answer.lock);
  pthread_mutex_unlock(&answer.lock);
  IS(answer.failures, 0);
  OK(zoo_get_children(zh, root, 0, &names));
  IS(names.count, 1000);
  OK(zookeeper_close(zh));
}

static void count_auth(int code, const void *context) { count_answer(code, NULL, context); }

static int authenticate(zhandle_t *zh, const char *scheme, const char *credentials) {
  struct answer answer = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, 0};
  OK(zoo_add_auth(zh, scheme, credentials, (int)strlen(credentials), count_auth, &answer));
  pthread_mutex_lock(&answer.lock);
  while (answer.count == 0) pthread_cond_wait(&answer.came, &answer.lock);
  pthread_mutex_unlock(&answer.lock);
  return answer.failures;
}

static void access_lists(void) {
  zhandle_t *alice = client(direct, 10000, NULL), *stranger = client(direct, 10000, NULL), *eve = client(direct, 10000, NULL);
  struct ACL_vector list;
  struct Stat stat;
  int length = 0;
  IS(authenticate(alice, "digest", "alice:secret"), 0);
  OK(zoo_create(alice, root, "mine", 4, &ZOO_CREATOR_ALL_ACL, ZOO_PERSISTENT, NULL, 0));
  IS(zoo_get(stranger, root, 0, NULL, &length, NULL), ZNOAUTH);
  IS(zoo_get_acl(stranger, root, &list, &stat), ZNOAUTH);
  OK(zoo_get_acl(alice, root, &list, &stat));
  THAT(list.count == 1 && list.data[0].perms == ZOO_PERM_ALL && strcmp(list.data[0].id.scheme, "digest") == 0);
  THAT(strncmp(list.data[0].id.id, "alice:", 6) == 0 && stat.aversion == 0);
  OK(zoo_set_acl(alice, root, 0, &ZOO_READ_ACL_UNSAFE));
  IS(zoo_set_acl(alice, root, 1, everyone), ZNOAUTH);
  holds(stranger, root, "mine");
  IS(zoo_set(stranger, root, "x", 1, -1), ZNOAUTH);
  IS(authenticate(stranger, "digest", "super:test"), 0);
  OK(zoo_set(stranger, root, "x", 1, -1));
  /* A scheme that does not exist ends the session. */
  IS(authenticate(eve, "nosuch", "x"), 1);
  IS(zoo_exists(eve, "/", 0, NULL), ZINVALIDSTATE);
  zookeeper_close(eve);
  OK(zookeeper_close(stranger));
  OK(zookeeper_close(alice));
}

static void cut_line(void) {
  struct ears *ears;
  zhandle_t *zh = client(proxied, 10000, &ears), *other = client(direct, 10000, NULL);
  int64_t session = zoo_client_id(zh)->client_id;
  int length = 0;
  IS(authenticate(zh, "digest", "alice:secret"), 0);
  create(zh, root, "0", ZOO_PERSISTENT);
  create(zh, below("/e"), "", ZOO_EPHEMERAL);
  OK(zoo_create(zh, below("/mine"), "", 0, &ZOO_CREATOR_ALL_ACL, ZOO_PERSISTENT, NULL, 0));
  OK(zoo_wexists(zh, root, listen_to, ears, NULL));
  IS(zoo_wexists(zh, below("/later"), listen_to, ears, NULL), ZNONODE);
  ask("refuse");
  OK(zoo_set(other, root, "missed", 6, -1));
  ask("welcome");
  hear(ears, 0, 2, 0);
  THAT(zoo_client_id(zh)->client_id == session);
  /* What was missed comes now, what was not touched is watched on. */
  heard(ears, 0, ZOO_CHANGED_EVENT, root);
  OK(zoo_get(zh, below("/mine"), 0, NULL, &length, NULL));
  OK(zoo_exists(other, below("/e"), 0, NULL));
  create(other, below("/later"), "", ZOO_PERSISTENT);
  heard(ears, 1, ZOO_CREATED_EVENT, below("/later"));
  OK(zookeeper_close(other));
  OK(zookeeper_close(zh));
}

static void killed_server(void) {
  struct ears *ears;
  zhandle_t *zh = client(direct, 20000, &ears);
  int64_t session = zoo_client_id(zh)->client_id;
  struct Stat stat;
  create(zh, root, "durable", ZOO_PERSISTENT);
  create(zh, below("/e"), "", ZOO_EPHEMERAL);
  OK(zoo_wexists(zh, root, listen_to, ears, NULL));
  ask("kill");
  ask("start");
  hear(ears, 0, 2, 0);
  THAT(zoo_client_id(zh)->client_id == session);
  holds(zh, root, "durable");
  OK(zoo_exists(zh, below("/e"), 0, &stat));
  THAT(stat.ephemeralOwner == session);
  OK(zoo_set(zh, root, "1", 1, 0));
  heard(ears, 0, ZOO_CHANGED_EVENT, root);
  OK(zookeeper_close(zh));
}

static void expiry(void) {
  struct ears *ears, *others;
  zhandle_t *zh = client(proxied, 1500, &ears), *other = client(direct, 10000, &others);
  create(zh, root, "", ZOO_PERSISTENT);
  create(zh, below("/e"), "", ZOO_EPHEMERAL);
  OK(zoo_wexists(other, below("/e"), listen_to, others, NULL));
  ask("refuse");
  heard(others, 0, ZOO_DELETED_EVENT, below("/e"));
  ask("welcome");
  hear(ears, 0, 0, 1);
  IS(zoo_exists(zh, root, 0, NULL), ZINVALIDSTATE);
  zookeeper_close(zh);
  OK(zookeeper_close(other));
}

static void chroot_(void) {
  char server[PATH_MAX_LENGTH];
  zhandle_t *outside = client(direct, 10000, NULL), *inside;
  create(outside, root, "", ZOO_PERSISTENT);
  snprintf(server, sizeof server, "%s%s", direct, root);
  inside = client(server, 10000, NULL);
  create(inside, "/x", "deep", ZOO_PERSISTENT);
  holds(outside, below("/x"), "deep");
  OK(zookeeper_close(inside));
  OK(zookeeper_close(outside));
}

static const struct {
  const char *name;
  void (*run)(void);
} cases[] = {{"nodes", nodes},         {"container_and_ttl", container_and_ttl}, {"watches", watches},
             {"multi", multi},         {"many_at_once", many_at_once},           {"access_lists", access_lists},
             {"cut_line", cut_line},   {"killed_server", killed_server},         {"expiry", expiry},
             {"chroot", chroot_}};

int main(int argc, char **argv) {
  THAT(argc == 4);
  direct = argv[2];
  proxied = argv[3];
  snprintf(root, sizeof root, "/c-%ld-%d", (long)time(NULL), (int)getpid());
  zoo_set_debug_level(ZOO_LOG_LEVEL_ERROR);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    if (strcmp(cases[i].name, argv[1]) == 0) {
      cases[i].run();
      return 0;
    }
  }
  fprintf(stderr, "There is no case \"%s\"\n", argv[1]);
  return 2;
}
