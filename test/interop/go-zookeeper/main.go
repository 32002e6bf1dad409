// go-zookeeper against a coordinator: one case a run, as support/client-cases.ts describes.
//
//	go-zookeeper CASE DIRECT PROXIED
//
// Every case works below a path of its own and panics where it finds something else than it should.
package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"sort"
	"strings"
	"sync"
	"time"

	"github.com/go-zookeeper/zk"
)

const wait = 30 * time.Second

var (
	direct, proxied, root string
	input                 = bufio.NewReader(os.Stdin)
	world                 = zk.WorldACL(zk.PermAll)
	cases                 = map[string]func(){
		"nodes": nodes, "container_and_ttl": containerAndTTL, "many_at_once": manyAtOnce, "watches": watches, "multi": multi,
		"access_lists": accessLists, "cut_line": cutLine, "killed_server": killedServer, "expiry": expiry, "lock": lock,
		"four_letters": fourLetters,
	}
)

// ask has the test do something to the line or the server, and waits until it is done.
func ask(wish string) {
	fmt.Println("@" + wish)
	_, err := input.ReadString('\n')
	none(err)
}

func none(err error) {
	if err != nil {
		panic(err)
	}
}

func is(err, wanted error) {
	if !errors.Is(err, wanted) {
		panic(fmt.Sprintf("expected %v, got %v", wanted, err))
	}
}

func that(holds bool, format string, values ...interface{}) {
	if !holds {
		panic(fmt.Sprintf(format, values...))
	}
}

// client gives one that has a session, and the events of the session from then on.
func client(server string, timeout time.Duration) (*zk.Conn, <-chan zk.Event) {
	conn, events, err := zk.Connect([]string{server}, timeout, zk.WithLogInfo(false))
	none(err)
	awaitState(events, zk.StateHasSession)
	return conn, events
}

// awaitState gives the states on the way to the wanted one.
func awaitState(events <-chan zk.Event, wanted zk.State) (states []zk.State) {
	deadline := time.After(wait)
	for {
		select {
		case event := <-events:
			if event.Type == zk.EventSession {
				states = append(states, event.State)
				if event.State == wanted {
					return states
				}
			}
		case <-deadline:
			panic(fmt.Sprintf("no %v, only %v", wanted, states))
		}
	}
}

func awaitEvent(events <-chan zk.Event, kind zk.EventType, path string) {
	select {
	case event := <-events:
		that(event.Type == kind && event.Path == path, "expected %v %s, got %+v", kind, path, event)
	case <-time.After(wait):
		panic(fmt.Sprintf("no event %v of %s", kind, path))
	}
}

func create(conn *zk.Conn, path, data string, flags int32) string {
	name, err := conn.Create(path, []byte(data), flags, world)
	none(err)
	return name
}

func children(conn *zk.Conn, path string) string {
	names, _, err := conn.Children(path)
	none(err)
	sort.Strings(names)
	return strings.Join(names, " ")
}

func nodes() {
	conn, _ := client(direct, 10*time.Second)
	defer conn.Close()
	that(create(conn, root, "top", 0) == root, "name")
	_, err := conn.Create(root, nil, 0, world)
	is(err, zk.ErrNodeExists)
	_, err = conn.Create(root+"/a/b", nil, 0, world)
	is(err, zk.ErrNoNode)
	create(conn, root+"/e", "", zk.FlagEphemeral)
	_, err = conn.Create(root+"/e/x", nil, 0, world)
	is(err, zk.ErrNoChildrenForEphemerals)
	for i := 1; i <= 3; i++ {
		name := create(conn, root+"/s-", "", zk.FlagSequence)
		that(name == fmt.Sprintf("%s/s-%010d", root, i), "sequence %s", name)
	}
	protected, err := conn.CreateProtectedEphemeralSequential(root+"/p-", nil, world)
	none(err)
	that(strings.HasSuffix(protected, "p-0000000004"), "protected %s", protected)
	exists, stat, err := conn.Exists(root + "/e")
	none(err)
	that(exists && stat.EphemeralOwner == conn.SessionID(), "owner %+v", stat)

	data, stat, err := conn.Get(root)
	none(err)
	that(string(data) == "top" && stat.Version == 0 && stat.NumChildren == 5 && stat.Cversion == 5, "%s %+v", data, stat)
	stat, err = conn.Set(root, []byte("new"), 0)
	none(err)
	that(stat.Version == 1, "%+v", stat)
	_, err = conn.Set(root, nil, 0)
	is(err, zk.ErrBadVersion)
	_, _, err = conn.Get(root + "/no")
	is(err, zk.ErrNoNode)
	exists, _, err = conn.Exists(root + "/no")
	none(err)
	that(!exists, "a znode from nowhere")
	is(conn.Delete(root, -1), zk.ErrNotEmpty)
	is(conn.Delete(root+"/e", 9), zk.ErrBadVersion)
	none(conn.Delete(root+"/e", 0))
	_, err = conn.Sync(root)
	none(err)
	big := bytes.Repeat([]byte{0, 1, 2, 255}, 250_000)
	_, err = conn.Set(root, big, -1)
	none(err)
	data, _, err = conn.Get(root)
	none(err)
	that(bytes.Equal(data, big), "%d bytes", len(data))
}

func containerAndTTL() {
	conn, _ := client(direct, 10*time.Second)
	defer conn.Close()
	create(conn, root, "", 0)
	_, err := conn.CreateContainer(root+"/box", []byte("x"), zk.FlagContainer, world)
	none(err)
	create(conn, root+"/box/in", "", 0)
	_, _, gone, err := conn.ExistsW(root + "/box")
	none(err)
	none(conn.Delete(root+"/box/in", -1))
	awaitEvent(gone, zk.EventNodeDeleted, root+"/box")
	_, err = conn.CreateTTL(root+"/ttl", []byte("x"), zk.FlagTTL, world, 300*time.Millisecond)
	none(err)
	_, _, gone, err = conn.ExistsW(root + "/ttl")
	none(err)
	awaitEvent(gone, zk.EventNodeDeleted, root+"/ttl")
	name, err := conn.CreateTTL(root+"/s-", []byte("x"), zk.FlagPersistentSequentialWithTTL, world, time.Hour)
	none(err)
	that(strings.HasPrefix(name, root+"/s-00"), "%s", name)
}

func manyAtOnce() {
	conn, _ := client(direct, 10*time.Second)
	defer conn.Close()
	create(conn, root, "", 0)
	var group sync.WaitGroup
	failures := make(chan error, 1000)
	for i := 0; i < 1000; i++ {
		group.Add(1)
		go func(path, data string) {
			defer group.Done()
			if _, err := conn.Create(path, []byte(data), 0, world); err != nil {
				failures <- err
				return
			}
			if got, _, err := conn.Get(path); err != nil || string(got) != data {
				failures <- fmt.Errorf("%s has %s: %v", path, got, err)
			}
		}(fmt.Sprintf("%s/%04d", root, i), fmt.Sprint(i))
	}
	group.Wait()
	close(failures)
	for err := range failures {
		panic(err)
	}
	names, stat, err := conn.Children(root)
	none(err)
	that(len(names) == 1000 && stat.NumChildren == 1000 && stat.Cversion == 1000, "%d %+v", len(names), stat)
}

func watches() {
	conn, _ := client(direct, 10*time.Second)
	defer conn.Close()
	other, _ := client(direct, 10*time.Second)
	defer other.Close()
	create(other, root, "0", 0)
	_, _, changed, err := conn.GetW(root)
	none(err)
	_, _, grown, err := conn.ChildrenW(root)
	none(err)
	exists, _, made, err := conn.ExistsW(root + "/x")
	none(err)
	that(!exists, "already there")
	_, err = other.Set(root, []byte("1"), -1)
	none(err)
	awaitEvent(changed, zk.EventNodeDataChanged, root)
	create(other, root+"/x", "", 0)
	awaitEvent(grown, zk.EventNodeChildrenChanged, root)
	awaitEvent(made, zk.EventNodeCreated, root+"/x")
	_, _, gone, err := conn.GetW(root + "/x")
	none(err)
	none(other.Delete(root+"/x", -1))
	awaitEvent(gone, zk.EventNodeDeleted, root+"/x")
}

func multi() {
	conn, _ := client(direct, 10*time.Second)
	defer conn.Close()
	responses, err := conn.Multi(
		&zk.CreateRequest{Path: root, Data: []byte("1"), Acl: world},
		&zk.CreateRequest{Path: root + "/s-", Acl: world, Flags: zk.FlagSequence},
		&zk.CheckVersionRequest{Path: root, Version: 0},
		&zk.SetDataRequest{Path: root, Data: []byte("2"), Version: 0},
		&zk.DeleteRequest{Path: root + "/s-0000000000", Version: -1},
	)
	none(err)
	that(len(responses) == 5 && responses[1].String == root+"/s-0000000000" && responses[3].Stat.Version == 1, "%+v", responses)
	responses, err = conn.Multi(
		&zk.CreateRequest{Path: root + "/no", Acl: world},
		&zk.CheckVersionRequest{Path: root, Version: 7},
		&zk.DeleteRequest{Path: root, Version: -1},
	)
	is(err, zk.ErrBadVersion)
	that(responses[0].Error == nil && responses[1].Error == zk.ErrBadVersion, "%+v", responses)
	exists, _, err := conn.Exists(root + "/no")
	none(err)
	that(!exists, "half a transaction")
}

func accessLists() {
	alice, _ := client(direct, 10*time.Second)
	defer alice.Close()
	stranger, _ := client(direct, 10*time.Second)
	defer stranger.Close()
	none(alice.AddAuth("digest", []byte("alice:secret")))
	_, err := alice.Create(root, []byte("mine"), 0, zk.DigestACL(zk.PermAll, "alice", "secret"))
	none(err)
	_, _, err = stranger.Get(root)
	is(err, zk.ErrNoAuth)
	is(stranger.Delete(root, -1), nil) // the parent's list decides
	_, err = alice.Create(root, []byte("mine"), 0, zk.AuthACL(zk.PermAll))
	none(err)
	list, stat, err := alice.GetACL(root)
	none(err)
	that(len(list) == 1 && list[0] == zk.DigestACL(zk.PermAll, "alice", "secret")[0] && stat.Aversion == 0, "%+v", list)
	_, err = stranger.Set(root, nil, -1)
	is(err, zk.ErrNoAuth)
	_, err = stranger.SetACL(root, world, -1)
	is(err, zk.ErrNoAuth)
	_, err = alice.SetACL(root, append(zk.WorldACL(zk.PermRead), zk.AuthACL(zk.PermAll)...), 0)
	none(err)
	_, err = alice.SetACL(root, world, 0)
	is(err, zk.ErrBadVersion)
	data, _, err := stranger.Get(root)
	none(err)
	that(string(data) == "mine", "%s", data)
	_, err = stranger.Create(root+"/x", nil, 0, world)
	is(err, zk.ErrNoAuth)
	none(stranger.AddAuth("digest", []byte("super:test")))
	_, err = stranger.Create(root+"/x", nil, 0, world)
	none(err)
	_, err = alice.Create(root+"/bad", nil, 0, []zk.ACL{{Perms: 31, Scheme: "nope", ID: "x"}})
	is(err, zk.ErrInvalidACL)
}

func cutLine() {
	conn, events := client(proxied, 10*time.Second)
	defer conn.Close()
	other, _ := client(direct, 10*time.Second)
	defer other.Close()
	session := conn.SessionID()
	none(conn.AddAuth("digest", []byte("alice:secret")))
	create(conn, root, "0", 0)
	create(conn, root+"/e", "", zk.FlagEphemeral)
	_, err := conn.Create(root+"/mine", nil, 0, zk.AuthACL(zk.PermAll))
	none(err)
	_, _, changed, err := conn.GetW(root)
	none(err)
	_, _, made, err := conn.ExistsW(root + "/later")
	none(err)
	ask("refuse")
	_, err = other.Set(root, []byte("missed"), -1)
	none(err)
	ask("welcome")
	states := awaitState(events, zk.StateHasSession)
	that(conn.SessionID() == session, "another session: %v", states)
	// What was missed comes now, what was not touched is watched on.
	awaitEvent(changed, zk.EventNodeDataChanged, root)
	_, _, err = conn.Get(root + "/mine")
	none(err)
	exists, _, err := other.Exists(root + "/e")
	none(err)
	that(exists, "the ephemeral has gone")
	create(other, root+"/later", "", 0)
	awaitEvent(made, zk.EventNodeCreated, root+"/later")
}

func killedServer() {
	conn, events := client(direct, 20*time.Second)
	defer conn.Close()
	session := conn.SessionID()
	create(conn, root, "durable", 0)
	create(conn, root+"/e", "", zk.FlagEphemeral)
	_, _, changed, err := conn.GetW(root)
	none(err)
	ask("kill")
	ask("start")
	awaitState(events, zk.StateHasSession)
	that(conn.SessionID() == session, "another session")
	data, _, err := conn.Get(root)
	none(err)
	that(string(data) == "durable", "%s", data)
	_, stat, err := conn.Exists(root + "/e")
	none(err)
	that(stat.EphemeralOwner == session, "%+v", stat)
	_, err = conn.Set(root, []byte("1"), 0)
	none(err)
	awaitEvent(changed, zk.EventNodeDataChanged, root)
}

func expiry() {
	conn, events := client(proxied, 1500*time.Millisecond)
	defer conn.Close()
	other, _ := client(direct, 10*time.Second)
	defer other.Close()
	session := conn.SessionID()
	create(conn, root, "", 0)
	create(conn, root+"/e", "", zk.FlagEphemeral)
	_, _, gone, err := other.ExistsW(root + "/e")
	none(err)
	ask("refuse")
	awaitEvent(gone, zk.EventNodeDeleted, root+"/e")
	ask("welcome")
	awaitState(events, zk.StateExpired)
	awaitState(events, zk.StateHasSession)
	that(conn.SessionID() != session, "the same session")
}

func lock() {
	var inside, most, runs int
	var mutex sync.Mutex
	var group sync.WaitGroup
	for i := 0; i < 5; i++ {
		group.Add(1)
		go func() {
			defer group.Done()
			conn, _ := client(direct, 10*time.Second)
			defer conn.Close()
			for turn := 0; turn < 3; turn++ {
				held := zk.NewLock(conn, root, world)
				none(held.Lock())
				mutex.Lock()
				inside++
				runs++
				if inside > most {
					most = inside
				}
				mutex.Unlock()
				_, err := conn.Sync("/")
				none(err)
				mutex.Lock()
				inside--
				mutex.Unlock()
				none(held.Unlock())
			}
		}()
	}
	group.Wait()
	that(most == 1 && runs == 15, "%d inside, %d runs", most, runs)

	holder, _ := client(direct, 10*time.Second)
	next, _ := client(direct, 10*time.Second)
	defer next.Close()
	none(zk.NewLock(holder, root, world).Lock())
	done := make(chan error)
	go func() { done <- zk.NewLock(next, root, world).Lock() }()
	for strings.Count(children(next, root), "lock-") != 2 {
		time.Sleep(10 * time.Millisecond)
	}
	holder.Close() // its session ends, the next one has it
	none(<-done)
}

// Only ruok: the package reads srvr and cons in the format that they had before 3.6.
func fourLetters() {
	that(zk.FLWRuok([]string{direct}, wait)[0], "not ok")
}

func main() {
	name := os.Args[1]
	direct, proxied = os.Args[2], os.Args[3]
	root = fmt.Sprintf("/go-%s-%d", strings.ReplaceAll(name, "_", "-"), time.Now().UnixNano())
	cases[name]()
}
