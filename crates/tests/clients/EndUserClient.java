// pgjdbc: one connection, as a pool hands it out, and whoever is at work says who it is.

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Properties;

public class EndUserClient {
    static void work(Connection conn, String token) throws SQLException {
        if (token != null) {
            try (Statement said = conn.createStatement()) {
                said.execute("SET LOCAL weir.end_user = '" + token + "'");
            }
        }
        String email = "select email from customers where id = ?";
        try (PreparedStatement one = conn.prepareStatement(email)) {
            one.setInt(1, 1);
            try (ResultSet found = one.executeQuery()) {
                found.next();
                System.out.println("email: " + found.getString(1));
            }
        }
        String payments = "select id from payments where id < ?";
        try (PreparedStatement few = conn.prepareStatement(payments)) {
            few.setInt(1, 3);
            int count = 0;
            try (ResultSet found = few.executeQuery()) {
                while (found.next()) count += 1;
            }
            System.out.println("payments: " + count);
        }
    }

    public static void main(String[] args) throws Exception {
        Properties as = new Properties();
        as.setProperty("user", System.getenv("USER_NAME"));
        as.setProperty("password", System.getenv("PASSWORD"));
        // Prepared at the server from the first time on, so that one statement meets everybody.
        as.setProperty("prepareThreshold", "1");
        String url = "jdbc:postgresql://127.0.0.1:" + System.getenv("PORT") + "/"
            + System.getenv("DATABASE");
        try (Connection conn = DriverManager.getConnection(url, as)) {
            conn.setAutoCommit(false);
            List<String> tokens = new ArrayList<>(Arrays.asList(System.getenv("PART").split(" ")));
            tokens.add(null);
            for (String token : tokens) {
                try {
                    work(conn, token);
                    conn.commit();
                } catch (SQLException error) {
                    System.out.println("error: " + error.getSQLState());
                    conn.rollback();
                }
            }
        }
        System.out.println("connections: 1");
        System.out.println("done");
    }
}
